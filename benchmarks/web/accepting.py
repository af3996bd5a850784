"""What it costs to accept an upload of 30 KB, in CPU of the server's own processes."""

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.web import load
from benchmarks.web.servers import BEHIND_NGINX, FLASK, NGINX, STARLETTE, TOKEN, UPLOAD, WEB, Place, serving

SERVERS = (WEB, BEHIND_NGINX, NGINX, STARLETTE, FLASK)

# What each does with an upload, for the page.
WHAT = {
    WEB: "checks it, puts it into the bucket, sends the request, answers 202 with the job",
    BEHIND_NGINX: "the same, with nginx's own CPU, as on a web host",
    NGINX: "drops it and answers a constant",
    STARLETTE: "reads it with the same parser, hashes it, answers; uvicorn with uvloop and httptools",
    FLASK: "reads it, puts it into the bucket, sends a message, by boto3; one process of 50 threads",
}

CONCURRENT = 50
WARM_UP = 200

Json = dict[str, Any]


def measure(place: Place, names: Sequence[str], *, uploads: int, rounds: int) -> Iterator[Json]:
    """Yield a run of each server in turn, round by round."""
    for number in range(rounds):
        for name in names:
            yield {**_run(name, place, uploads), "server": name, "round": number}


def _run(name: str, place: Place, uploads: int) -> Json:
    place.steering.reset()
    ours = name in (WEB, BEHIND_NGINX)
    with serving(name, place) as server:

        def send(count: int, first: int) -> Json:
            return load.run(
                load.Plan(
                    server.port, str(place.folder), count, path=UPLOAD if ours else "/upload", token=TOKEN,
                    prefer="respond-async", expects="jobs" if ours else "status", first=first,
                    concurrent=CONCURRENT,
                )
            )  # fmt: skip

        send(WARM_UP, 0)
        place.steering.load([])
        before, double_before = server.cpu(), place.steering.state()["cpu"]
        told = send(uploads, WARM_UP)
        cpu, state = server.cpu() - before, place.steering.state()
    done = len(told["seconds"])
    return {
        "uploads": done, "cpu_ms": 1000 * cpu / done, "per_second_and_core": done / cpu,
        "wall_per_second": done / told["wall"], "calls": sum(state["calls"].values()) / done,
        "double_share": (state["cpu"] - double_before) / told["wall"],
        "lost": told["lost"], "wrong": told["wrong"], "tried_again": told["tried_again"],
        "examples": told["examples"],
    }  # fmt: skip
