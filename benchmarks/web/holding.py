"""Memory of the web tier's process while senders wait for answers, and what a browser loads first."""

import json
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.client import HTTPConnection
from typing import Any

from benchmarks.telling.places import ROOT
from benchmarks.web import load
from benchmarks.web.servers import TOKEN, WEB, Place, serving

HELD = (0, 100, 1_000)
HOLD_SECONDS_MAX = 60.0
MIB = 2**20

Json = dict[str, Any]


def memory(place: Place) -> Iterator[Json]:
    """Yield how much the process holds while so many uploads are in the queue and nobody works on them."""
    for count in HELD:
        place.steering.reset()
        with serving(WEB, place, waiting_max=2 * max(HELD)) as server, _held(place, server.port, count):
            until = time.monotonic() + HOLD_SECONDS_MAX
            while place.steering.state()["ready"] < count and time.monotonic() < until:
                time.sleep(0.05)
            held = place.steering.state()["ready"]
            # What was taken for the uploads themselves may be given back by now.
            time.sleep(1)
            used = server.processes[0].memory_full_info()
            yield {"held": held, "asked": count, "rss_mib": used.rss / MIB, "pss_mib": used.pss / MIB}


@contextmanager
def _held(place: Place, port: int, count: int) -> Iterator[None]:
    plan = load.Plan(
        port, str(place.folder), count, how="burst", path="/api/v1/upload?operation=greyscale", token=TOKEN,
        prefer="wait=120",
    )  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.web.load"], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if child.stdin and count:
            child.stdin.write(json.dumps(asdict(plan)).encode())
            child.stdin.close()
        yield
    finally:
        child.kill()
        child.wait()


def first_paint(place: Place) -> Json:
    """Return how many bytes the page and all that it names take on their way, in all and by path."""
    place.steering.reset()
    with serving(WEB, place) as server:
        status, page = _get(server.port, "/")
        if status != 200:
            return {"missing": f"GET / is answered with {status}"}
        found = {"/": len(page)}
        named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.decode("utf-8", "replace"))
        for path in dict.fromkeys(named):
            found[path] = len(_get(server.port, path)[1])
    return {"files": found, "bytes": sum(found.values())}


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        secret = b64encode(f"bench:{TOKEN}".encode()).decode()
        connection.request("GET", path, headers={"Accept": "text/html", "Authorization": f"Basic {secret}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
