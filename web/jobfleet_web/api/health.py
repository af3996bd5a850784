"""The endpoints for those who watch over the process: alive, ready, and its counters."""

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from jobfleet_web.links import link
from jobfleet_web.problems import Problem
from jobfleet_web.work.work import Work

# Who asks for counters gives up after some seconds; then those of the fleet are as they were seen last.
FLEET_SECONDS = 3.0


def routes(work: Work) -> list[Route]:
    """Return the endpoints. The first two are for everybody, and tell nothing of the account."""

    async def healthz(request: Request) -> Response:
        """Tell that the process lives."""
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        """Tell whether uploads can be taken."""
        try:
            await work.ready()
        except Problem as problem:
            raise Problem(
                problem.status, problem.code, "no upload can be taken at the moment",
                mend=f"GET {link('/api/v1/fleet')} says why, and what to do",
            ).with_headers(Retry_After=problem.headers.get("Retry-After", "30")) from problem  # fmt: skip
        return PlainTextResponse("ready\n")

    async def metrics(request: Request) -> Response:
        """Give the counters in Prometheus's format, with the fleet as it is if that is seen soon enough."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLEET_SECONDS):
                await work.fleet()
        return Response(work.metrics.render(), media_type=work.metrics.content_type)

    return [
        Route("/healthz", healthz, name="healthz"),
        Route("/readyz", readyz, name="readyz"),
        Route("/metrics", metrics, name="metrics"),
    ]
