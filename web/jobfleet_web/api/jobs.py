"""The endpoints of one job: how it is, its input and output, and a retry."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobfleet_web.api.streams import asked_for, file_response
from jobfleet_web.door.head import Head
from jobfleet_web.links import link
from jobfleet_web.model import JobView
from jobfleet_web.problems import Problem
from jobfleet_web.uploads.preferences import idempotency_key
from jobfleet_web.work.work import Work


def routes(work: Work) -> list[Route]:
    """Return the endpoints."""

    async def job(request: Request) -> Response:
        """Tell how a job is; one that failed is a problem."""
        return JSONResponse(succeeding(await work.job(request.path_params["job"])).to_json())

    async def output(request: Request) -> Response:
        """Send what came out of a job."""
        return file_response(request, await work.output(request.path_params["job"], asked_for(request)))

    async def input_(request: Request) -> Response:
        """Send what went into a job."""
        return file_response(request, await work.input(request.path_params["job"], asked_for(request)))

    async def retry(request: Request) -> Response:
        """Send the input of a job again, as a new job."""
        key = idempotency_key(Head.of(request.scope).all("idempotency-key"))
        new = await work.retry(request.path_params["job"], key)
        return JSONResponse(new.to_json(), 202, {"Location": link(f"/api/v1/jobs/{new.id}")})

    here = "/api/v1/jobs/{job}"
    return [
        Route(here, job, name="job"),
        Route(f"{here}/output", output, name="output"),
        Route(f"{here}/input", input_, name="input"),
        Route(f"{here}/retry", retry, methods=["POST"], name="retry"),
    ]


def succeeding(job: JobView) -> JobView:
    """Return a job that has not failed. Raises `Problem` for one that has."""
    if job.failure:
        raise Problem(
            422, job.failure.code, job.failure.message, mend=job.failure.mend, more={"job": job.to_json()}
        )
    return job
