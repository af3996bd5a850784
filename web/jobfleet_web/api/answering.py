"""How an upload is answered: after the wait, at once, or in the form that a load generator reads."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from jobfleet_web.door.passage import until_gone
from jobfleet_web.door.stop import Stop
from jobfleet_web.links import link
from jobfleet_web.model import JobView, batch_links
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.uploads.names import stem
from jobfleet_web.uploads.preferences import Dialect, Preferences
from jobfleet_web.work.work import Work

_VARY = {"Vary": "Prefer, Accept"}


@dataclass(frozen=True)
class Ticket:
    """What was submitted, without its bodies, and how its sender wants to be answered."""

    batch: str | None
    job_ids: Sequence[str]
    dialect: Dialect
    preferred: Preferences


class Answering:
    """Waits for the jobs of a ticket and tells what became of them."""

    def __init__(self, work: Work, settings: WebSettings, stop: Stop) -> None:
        self._work, self._settings, self._stop = work, settings, stop

    async def answer(self, request: Request, ticket: Ticket) -> Response:
        """Answer an upload. Raises `Problem`, and `ClientDisconnect` where the sender does not wait."""
        if ticket.dialect is Dialect.PAGE:
            return RedirectResponse(link(f"/batches/{ticket.batch}"), 303, headers=_VARY)
        settings = self._settings
        is_generator = ticket.dialect is not Dialect.JSON
        default = settings.wait_max if is_generator else settings.wait_default
        seconds = ticket.preferred.seconds(default, settings.wait_max)
        jobs = await self._wait(request, ticket.job_ids, seconds)
        headers = {**_VARY, **_timing(jobs)}
        if applied := ticket.preferred.applied(seconds):
            headers["Preference-Applied"] = applied
        if any(job.status == "failed" for job in jobs):
            raise _with_headers(_failed(ticket.batch, jobs), headers)
        if is_generator:
            return _in_dialect(ticket.dialect, jobs[0], headers)
        if all(job.is_done for job in jobs):
            return JSONResponse(_told(ticket.batch, jobs), headers=headers)
        there = batch_links(ticket.batch)["self"] if ticket.batch else link(f"/api/v1/jobs/{jobs[0].id}")
        return JSONResponse(_told(ticket.batch, jobs), 202, {**headers, "Location": there})

    async def _wait(self, request: Request, job_ids: Sequence[str], seconds: float) -> list[JobView]:
        """Wait for the jobs; not longer than the process lives, nor for a sender that has gone."""
        if not seconds:
            return await self._work.wait(job_ids, 0)
        waiting = asyncio.ensure_future(self._work.wait(job_ids, seconds))
        stopping = asyncio.ensure_future(self._stop.patience_ended.wait())
        leaving = asyncio.ensure_future(until_gone(request.receive))
        try:
            await asyncio.wait((waiting, stopping, leaving), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            if leaving.done():
                raise ClientDisconnect
            return await self._work.wait(job_ids, 0)
        finally:
            for one in (waiting, stopping, leaving):
                one.cancel()


def _told(batch: str | None, jobs: Sequence[JobView]) -> dict[str, Any]:
    return {
        "batch": batch,
        "jobs": [job.to_json() for job in jobs],
        "links": batch_links(batch) if batch else {},
    }


def _failed(batch: str | None, jobs: Sequence[JobView]) -> Problem:
    failed = [job for job in jobs if job.status == "failed"]
    first = failed[0].failure
    code = first.code if first else "failed"
    message, mend = (first.message, first.mend) if first else ("the job failed", "")
    if len(jobs) == 1:
        return Problem(422, code, message, mend=mend, more={**_told(batch, jobs), "job": failed[0].to_json()})
    return Problem(
        422, "jobs-failed", f"{len(failed):,} of {len(jobs):,} jobs failed; of {failed[0].name!r}: {message}",
        mend=mend, more=_told(batch, jobs),
    )  # fmt: skip


def _in_dialect(dialect: Dialect, job: JobView, headers: dict[str, str]) -> Response:
    if not job.is_done:
        problem = Problem(
            504, "not-done-yet", f"job {job.id} is not done yet",
            mend="Send the same again: it meets the job that is under way.", more={"job": job.to_json()},
        )  # fmt: skip
        raise _with_headers(problem, {**headers, "Retry-After": "5"})
    text = _label(job)
    if dialect is Dialect.NAMED_LABEL:
        text = f"{stem(job.name)}:{text}"
    return PlainTextResponse(text, headers=headers)


def _label(job: JobView) -> str:
    """Return what a load generator compares: a label, a text, or any other result as one line of JSON."""
    result = job.result or {}
    labels = result.get("labels")
    if job.operation == "classify" and labels:
        return str(labels[0]["label"])
    if job.operation == "text":
        return str(result.get("text", ""))
    return json.dumps(result, ensure_ascii=False)


def _timing(jobs: Sequence[JobView]) -> dict[str, str]:
    """Return the times of a single job as Server-Timing, in milliseconds."""
    times = jobs[0].times if len(jobs) == 1 else {}
    told = ", ".join(f"{step};dur={seconds * 1000:.1f}" for step, seconds in times.items())
    return {"Server-Timing": told} if told else {}


def _with_headers(problem: Problem, headers: dict[str, str]) -> Problem:
    problem.headers.update(headers)
    return problem
