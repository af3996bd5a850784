"""The one check that every fault test of the web tier ends with.

Whatever was taken has one result of the right content, and whoever was refused was told so that it could
try again. The figures stand with those of the workers' tests at the end of pytest's output.
"""

import io
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jobfleet_jobs.protocol.message import Result
from PIL import Image

from tests.faults.harness import Stack
from tests.faults.verdict import TOLD
from tests.faults.web_host import TOKEN, WebHost
from tests.faults.web_senders import Senders, Sending, job_of, may_be_tried_again


@dataclass(frozen=True)
class WebFigures:
    """What a run came to. `double` are files of one upload that became several jobs.

    `done_again` are those of load generators, which cannot say that a try is one of their own again.
    """

    files: int
    faults: dict[str, int]
    tries: Counter[str]
    taken: int
    jobs: int
    done_again: int
    double: int
    wrong: int
    lost: int

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in self.faults.items()) or "none"
        tries = ", ".join(f"{count} {name[:40]}" for name, count in sorted(self.tries.items()))
        return (
            f"files {self.files}; faults injected: {faults}; tries: {tries}; taken {self.taken}; "
            f"jobs {self.jobs}, of them done again for a generator {self.done_again}; "
            f"double {self.double}; wrong {self.wrong}; lost {self.lost}"
        )


def check_web(stack: Stack, hosts: Sequence[WebHost], senders: Senders, batch: str = "") -> WebFigures:
    """Assert that the faults left no trace, and tell the figures. All files of `batch` are in it once."""
    jobs = _jobs_by_file(stack)
    results = _results(stack, [job for some in jobs.values() for job in some])
    wrong = [line for one in senders.sendings for line in _wrong(stack, one, jobs, results)]
    lost = [one.picture.name for one in senders.sendings if one.answer and not _done(one, jobs, results)]
    double = [one.picture.name for one in senders.sendings if one.key and len(jobs[one.picture.name]) > 1]
    again = sum(len(jobs[one.picture.name]) > 1 for one in senders.sendings if not one.key)
    figures = WebFigures(
        files=len(senders.sendings), faults=dict(stack.proxy.injected), tries=senders.tries(),
        taken=senders.taken(), jobs=sum(len(some) for some in jobs.values()), done_again=again,
        double=len(double), wrong=len(wrong), lost=len(lost),
    )  # fmt: skip
    name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" (")[0]
    TOLD.append(f"{name}: {figures}")
    problems = [
        *wrong,
        *(f"{name} was taken and has no result" for name in lost),
        *(f"{name} was sent as one upload and became jobs {jobs[name]}" for name in double),
        *_wrong_tries(senders),
        *(_wrong_batch(hosts[0], batch, senders) if batch else ()),
        *_wrong_words(stack, hosts),
    ]
    assert not problems, "\n".join([str(figures), *problems[:20]])
    return figures


def _jobs_by_file(stack: Stack) -> dict[str, list[str]]:
    """Return the ids of the jobs that each file became; the last part of an input's key is its name."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in stack.keys("uploads/"):
        _, job_id, name = key.split("/", 2)
        found[name].append(job_id)
    return found


def _results(stack: Stack, job_ids: Sequence[str]) -> dict[str, Result]:
    fleet = stack.fleet()
    try:
        return fleet.exchange.find_results(job_ids)
    finally:
        fleet.close()


def _done(one: Sending, jobs: dict[str, list[str]], results: dict[str, Result]) -> bool:
    ids = jobs[one.picture.name] if one.by_generator else [job_of(one)["id"]]
    return any(job_id in results for job_id in ids)


def _wrong(
    stack: Stack, one: Sending, jobs: dict[str, list[str]], results: dict[str, Result]
) -> Iterator[str]:
    """Compare every result and the answer with what the file is."""
    picture = one.picture
    for job_id in jobs[picture.name]:
        result = results.get(job_id)
        if result is None:
            continue
        if result.status != "succeeded" or result.output is None:
            yield f"{picture.name}: {result}"[:400]
        elif _pixels(stack.object(result.output.key)) != (picture.size, picture.grey):
            yield f"{picture.name}: the output of {job_id} is that of another file"
    if one.answer is None:
        yield f"{picture.name}: given up after {one.tries}"[:600]
    elif one.by_generator:
        yield from _wrong_text(one, one.answer.text)
    else:
        job = job_of(one)
        if job["name"] != picture.name or not _fits(picture.size, job["result"], job["status"]):
            yield f"{picture.name}: answered {job}"[:400]


def _wrong_text(one: Sending, text: str) -> Iterator[str]:
    name, _, result = text.partition(":")
    if name != one.picture.stem or not _fits(one.picture.size, json.loads(result), "succeeded"):
        yield f"{one.picture.name}: answered {text!r}"[:400]


def _fits(size: tuple[int, int], result: dict[str, Any] | None, status: str) -> bool:
    if status in ("waiting", "working"):
        return True
    return status == "succeeded" and result is not None and (result["width"], result["height"]) == size


def _pixels(data: bytes) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size, image.convert("L").tobytes()


def _wrong_tries(senders: Senders) -> Iterator[str]:
    for what, count in senders.tries().items():
        if not may_be_tried_again(what):
            yield f"{count} tries ended with {what}"


def _wrong_batch(host: WebHost, batch: str, senders: Senders) -> Iterator[str]:
    """Compare with what a batch's address tells."""
    jobs: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        answer = host.get(f"/api/v1/batches/{batch}" + (f"?after={after}" if after else ""))
        if answer.status_code != 200:
            yield f"the batch is {answer.status_code} {answer.text[:300]}"
            return
        jobs += answer.json()["jobs"]
        after = answer.json()["next"]
    shown = Counter(job["name"] for job in jobs)
    sent = Counter(one.picture.name for one in senders.sendings if one.key and one.answer)
    if shown != sent:
        yield f"the batch shows {(shown - sent) + (sent - shown)} otherwise than once"
    for job in jobs:
        if job["status"] != "succeeded":
            yield f"the batch shows {job['name']} as {job['status']}"


def _wrong_words(stack: Stack, hosts: Sequence[WebHost]) -> Iterator[str]:
    for host in hosts:
        said = host.said()
        if "Traceback" in said:
            yield f"{host.path.name}: {said[said.index('Traceback') :][:1500]}"
        if TOKEN in said or stack.token in said:
            yield f"{host.path.name} shows a secret"
