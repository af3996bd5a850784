"""How the stack is: workers, requests in line, credentials, and what to do where something is wrong."""

import asyncio
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jobfleet.aws import identity
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.identity import Identity
from jobfleet.human_text import many
from jobfleet.queues.queue_counts import Queue
from jobfleet.stack import workers
from jobfleet.stack.scaling.view import ScalingView, why_none_is_alive
from jobfleet.stack.scaling.watch import ScalingWatch
from jobfleet.stack.silence import credential_doubts, why_nobody_answers
from jobfleet.stack.workers import LAB_SESSION, LAB_SESSION_ENDS_SOON, Worker, Workforce
from jobfleet_jobs.durations import duration

from jobfleet_web.model import FleetView
from jobfleet_web.problems import Problem
from jobfleet_web.work.aws_problems import CREDENTIALS_MEND, SCALING_DAMAGED
from jobfleet_web.work.gateway import Gateway
from jobfleet_web.work.quiet_line import QuietLine

# What was seen counts so long; SQS's own counts are not younger either.
KEPT_SECONDS = 5.0

# The rate at which jobs are done is that of the last so many, within so many seconds.
RATE_JOBS, RATE_SECONDS = 200, 60.0

# The page shows how the fleet scaled in the last hours.
SCALING_REACH = timedelta(hours=3)

# How long before its end a session is said to end soon; the rest of a Learner Lab's, as the client says it.
SOON = LAB_SESSION - LAB_SESSION_ENDS_SOON


class FleetState:
    """Looks at the stack, once for all who ask within some seconds."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._seen: FleetView | None = None
        self._seen_at = float("-inf")
        self._problem: Problem | None = None
        self._looking: asyncio.Task[FleetView] | None = None
        self._done_at: deque[float] = deque(maxlen=RATE_JOBS)
        self._line = QuietLine()
        self.scaling = ScalingWatch(gateway.bucket, SCALING_REACH)

    def job_done(self) -> None:
        """Count a job, for the rate."""
        self._done_at.append(time.monotonic())

    async def view(self) -> FleetView:
        """Return it. Never raises: what keeps it from being seen is what it says."""
        if self._seen and time.monotonic() - self._seen_at < KEPT_SECONDS:
            return self._seen
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    @property
    def lost_before(self) -> str | None:
        """`FleetView.lost_before`, as far as was looked; nobody is asked."""
        return self._seen.lost_before if self._seen else None

    async def check(self) -> None:
        """Raise `Problem` if AWS, the stack or the credentials are away, as far as was seen lately."""
        await self.view()
        if self._problem:
            raise self._problem.with_traceback(None)

    async def _look(self) -> FleetView:
        gateway = self._gateway
        try:
            found, line, mine = await asyncio.gather(
                gateway.read(workforce, gateway.bucket),
                gateway.read(gateway.fleet.exchange.line),
                gateway.read(identity.find_identity, gateway.account),
            )
            now = datetime.now(UTC)
            self._line.look(line, now)
            lost = self._line.lost_before
            view = replace(
                fleet_view(found, line, mine, now, self._rate()),
                lost_before=lost.isoformat() if lost else None,
            )
        except Problem as problem:
            view, self._problem = unseen_view(problem), problem
        else:
            self._problem = None
            view = await self._with_scaling(view)
        self._seen, self._seen_at = view, time.monotonic()
        return view

    async def _with_scaling(self, view: FleetView) -> FleetView:
        """Add how the fleet scales. What cannot be read of that takes nothing away from the rest."""
        there = view.workers["alive"] + view.workers["paused"]
        try:
            seen = await self._gateway.read(self.scaling.look, there)
        except Problem as problem:
            return damaged_view(view, problem) if problem.code == SCALING_DAMAGED else view
        if seen.configuration is None:
            return view
        return scaled_view(view, seen, starting=self._gateway.fleet.exchange.is_starting)

    def _rate(self) -> float:
        """Return how many jobs of this process were done a second, lately; 0 where too few were."""
        now = time.monotonic()
        lately = [at for at in self._done_at if now - at < RATE_SECONDS]
        return len(lately) / max(now - lately[0], 1.0) if len(lately) > 1 else 0.0


def workforce(bucket: Bucket) -> Workforce:
    """Return the workers, by a listing alone where that tells enough: it is asked for every few seconds."""
    now = datetime.now(UTC)
    recent, older, whole = workers.call_workers(bucket, now)
    if all(one.state for one in recent):
        found = [Worker(one.worker, workers.listed_state(one, now), one.at, read=False) for one in recent]
        if any(one.state == "alive" for one in found):
            return Workforce(found, older, whole)
    # Why nobody works stands in the heartbeats.
    return workers.read_workers(bucket, now)


def fleet_view(found: Workforce, line: Queue, mine: Identity, now: datetime, rate: float) -> FleetView:
    """Return what was seen in words. `rate` is how many jobs are done a second, 0 if that is not known."""
    alive, paused = found.count("alive"), found.count("paused")
    session = _session(mine, now)
    if alive:
        message = f"{many(alive, 'worker')}, {line.untaken:,} in line"
        if line.untaken and rate:
            message += f", about {duration(max(1, round(line.untaken / rate)))}"
        mend = session["mend"]
    else:
        doubts = credential_doubts(found.workers, mine, now)
        message, _, mend = why_nobody_answers(found, doubts).partition(": ")
    return FleetView(
        {"alive": alive, "paused": paused, "asleep": found.count("late") + found.count("stopped")},
        {"waiting": line.untaken, "working": line.in_flight},
        session,
        message,
        mend,
    )


def scaled_view(view: FleetView, seen: ScalingView, *, starting: bool) -> FleetView:
    """Return the view of a fleet that scales; `starting` is whether this process has woken it just now."""
    told = seen.to_json()
    if starting and seen.phase == "asleep":
        told |= {"phase": "starting", "booting": 1, "wanted": 1}
    if view.workers["alive"]:
        return replace(view, scaling=told)
    message, mend = why_none_is_alive(seen), ""
    if told["phase"] == "starting":
        message = f"a worker is starting, about {told['boot_seconds']:.0f} s"
    elif seen.phase == "asleep" and not seen.refusal:
        message = "the fleet is asleep, and wakes when a job comes"
    else:
        message, _, mend = message.partition(": ")
    return replace(view, message=message, mend=mend, scaling=told)


def damaged_view(view: FleetView, problem: Problem) -> FleetView:
    """Return the view of a fleet that stays as it is, since nobody can read how it is to scale."""
    told = {
        **ScalingView(datetime.now(UTC)).to_json(), "phase": "unknown", "words": "cannot be read",
        "running": view.workers["alive"], "warnings": [problem.detail],
    }  # fmt: skip
    if view.workers["alive"]:
        return replace(view, scaling=told)
    return replace(view, message=f"no worker runs, and {problem.detail}", mend="", scaling=told)


def unseen_view(problem: Problem) -> FleetView:
    """Return what is to be said of a stack that cannot be looked at."""
    over = problem.code == "session-over"
    state, mend = ("over", problem.mend) if over else ("unknown", "")
    session = {"state": state, "expires_at": None, "mend": mend}
    return FleetView({}, {}, session, problem.detail, problem.mend)


def _session(mine: Identity, now: datetime) -> dict[str, Any]:
    """Return how long the credentials hold: by what their file says, or by its age, as a lab's last 4 h."""
    ends = _time(mine.ends)
    if ends is None and mine.temporary and mine.written and now - mine.written > LAB_SESSION_ENDS_SOON:
        mend = (
            f"the credentials are {duration((now - mine.written).total_seconds() // 60 * 60)} old, and a "
            f"Learner Lab's last 4 h: {CREDENTIALS_MEND}"
        )
        return {"state": "ends-soon", "expires_at": None, "mend": mend}
    if ends is None:
        return {"state": "unknown" if mine.temporary else "ok", "expires_at": None, "mend": ""}
    soon = ends - now < SOON
    return {
        "state": "ends-soon" if soon else "ok",
        "expires_at": ends.isoformat(),
        "mend": CREDENTIALS_MEND if soon else "",
    }


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
