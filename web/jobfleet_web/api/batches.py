"""The endpoints of batches: new ones, what is in them, what changes in them, and all outputs as a zip."""

from collections.abc import AsyncGenerator

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.protocol.ids import is_job_id, new_job_id
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobfleet_web.api.streams import stream_response
from jobfleet_web.model import batch_links
from jobfleet_web.problems import Problem
from jobfleet_web.work.work import PAGE_JOBS, Work

_EVENTS_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would keep events back until there are many.
    "X-Accel-Buffering": "no",
}


def routes(work: Work) -> list[Route]:
    """Return the endpoints."""

    async def new_batch(request: Request) -> Response:
        """Give the id of a new batch, with nothing in it yet."""
        batch = new_job_id()
        links = batch_links(batch)
        return JSONResponse({"batch": batch, "links": links}, 201, {"Location": links["self"]})

    async def batch(request: Request) -> Response:
        """Tell what is in a batch, a page at a time."""
        after, limit = _after(request), _limit(request)
        return JSONResponse((await work.batch(request.path_params["batch"], after, limit)).to_json())

    async def events(request: Request) -> Response:
        """Tell what changes in a batch, beginning with all that is in it."""
        return stream_response(request, _encoded(work, request.path_params["batch"]), _EVENTS_HEADERS)

    async def outputs(request: Request) -> Response:
        """Send all outputs of a batch."""
        name = request.path_params["batch"]
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="jobfleet-{name}.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-cache",
        }
        return stream_response(request, await work.zip(name), headers)

    here = "/api/v1/batches/{batch}"
    return [
        Route("/api/v1/batches", new_batch, methods=["POST"], name="new batch"),
        Route(here, batch, name="batch"),
        Route(f"{here}/events", events, name="events"),
        Route(f"{here}/outputs.zip", outputs, name="outputs"),
    ]


async def _encoded(work: Work, batch: str) -> AsyncGenerator[bytes, None]:
    async for event in work.events(batch):
        yield event.encode()


def _after(request: Request) -> str:
    after = request.query_params.get("after", "")
    if after and not is_job_id(after):
        mend = "give `next` of the page before, or leave it out"
        raise Problem(400, "bad-page", f"after={shown(after)} is no job id", mend=mend)
    return after


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(PAGE_JOBS))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= limit <= PAGE_JOBS:
        raise Problem(
            400,
            "bad-page",
            f"limit={shown(text)}: give 1 to {PAGE_JOBS:,}",
            mend="leave it out, and follow `next`",
        )
    return limit
