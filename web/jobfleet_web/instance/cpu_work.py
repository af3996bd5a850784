"""The endpoint that computes before it answers, for comparing instances of different types."""

import asyncio

from jobfleet_jobs.credentials.redaction import shown
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobfleet_web.door.passage import until_gone
from jobfleet_web.instance.cpu_pool import CpuPool
from jobfleet_web.instance.whoami import whoami
from jobfleet_web.problems import Problem, told
from jobfleet_web.settings import WebSettings

# About 5 ms and 100 ms of a core of today.
ROUNDS, ROUNDS_MAX = 10_000, 200_000


def routes(settings: WebSettings, pool: CpuPool) -> list[Route]:
    """Return the endpoint; there is none where no balancer stands in front."""
    who = whoami(settings)

    async def work(request: Request) -> Response:
        """Compute, and tell which instance did."""
        rounds = _rounds(request)
        gone = asyncio.ensure_future(until_gone(request.receive))
        try:
            await pool.derive(rounds, gone)
        finally:
            gone.cancel()
        return JSONResponse({**who, "rounds": rounds})

    return [Route("/work", work, methods=["GET"], name="work")] if settings.balanced else []


def _rounds(request: Request) -> int:
    text = request.query_params.get("rounds", str(ROUNDS))
    rounds = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= rounds <= ROUNDS_MAX:
        raise Problem(
            400, "bad-rounds", f"rounds={shown(text)}", mend=f"Give a whole number from 1 to {ROUNDS_MAX:,}.",
            more={"value": told(text)},
        )  # fmt: skip
    return rounds
