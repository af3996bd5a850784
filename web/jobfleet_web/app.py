"""The application: its routes, and how their problems are answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from jobfleet_web.api import batches, fleet, health, jobs, openapi, stats, upload
from jobfleet_web.api.answering import Answering
from jobfleet_web.door.answers import no_such_path, problem_response, unforeseen, wrong_method
from jobfleet_web.door.door import PROBLEM
from jobfleet_web.door.head import Head
from jobfleet_web.door.stop import Stop
from jobfleet_web.instance import cpu_work, whoami
from jobfleet_web.instance.cpu_pool import CpuPool
from jobfleet_web.pages.routes import page_routes
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.uploads.budget import Budget
from jobfleet_web.uploads.intake import Intake
from jobfleet_web.uploads.limits import UploadLimits
from jobfleet_web.work.work import Work


@dataclass(frozen=True)
class AppParts:
    """What the application is made of."""

    settings: WebSettings
    work: Work
    limits: UploadLimits
    stop: Stop
    cpu: CpuPool


def create_app(parts: AppParts) -> Starlette:
    """Return the application for one stack, without its door."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            parts.cpu.close()
            await parts.work.close()

    settings, work = parts.settings, parts.work
    intake = Intake(work, parts.limits, Budget(settings.memory_bytes, parts.limits.budget_seconds))
    answering = Answering(work, settings, parts.stop)
    routes = [
        *whoami.routes(settings),
        *cpu_work.routes(settings, parts.cpu),
        *upload.routes(work, settings, intake, answering),
        *stats.routes(work, settings, intake, answering),
        *openapi.routes(settings),
        *(route for module in (jobs, batches, fleet, health) for route in module.routes(work)),
        *page_routes(work),
    ]
    app = Starlette(
        routes=routes, lifespan=lifespan,
        exception_handlers={
            Problem: _problem, HTTPException: _refusal, ClientDisconnect: _gone, Exception: _mistake,
        },
    )  # fmt: skip
    # It would send on to http:// also behind TLS, which nginx has, and hang up on a body that is on its way.
    app.router.redirect_slashes = False
    return app


async def _problem(request: Request, problem: Exception) -> Response:
    told = problem if isinstance(problem, Problem) else unforeseen()
    request.scope[PROBLEM] = told.code
    return problem_response(told, as_page=Head.of(request.scope).wants_html)


async def _refusal(request: Request, refusal: Exception) -> Response:
    """Answer what Starlette itself refuses: a path that there is not, a method that it does not take."""
    path = request.url.path
    problem = no_such_path(path)
    if isinstance(refusal, HTTPException) and refusal.status_code == 405:
        problem = wrong_method(request.method, path, (refusal.headers or {}).get("Allow", ""))
    return await _problem(request, problem)


async def _gone(request: Request, problem: Exception) -> Response:
    """Return what nobody reads any more; the log has it by nginx's number."""
    return Response(status_code=499)


async def _mistake(request: Request, problem: Exception) -> Response:
    """Answer what nobody foresaw, or an endpoint let through. The door logs it: Starlette raises it again."""
    return await _problem(request, problem)
