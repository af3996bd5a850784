"""How the stack is, in words that say what to do."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet.aws.bucket import ListedObject, Listing
from jobfleet.aws.identity import Identity
from jobfleet.queues.queue_counts import Queue
from jobfleet.stack.scaling.view import ScalingView
from jobfleet.stack.workers import Worker, Workforce
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_web.model import FleetView
from jobfleet_web.problems import Problem
from jobfleet_web.work.fleet_state import damaged_view, fleet_view, scaled_view, unseen_view, workforce

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class ListedWorkers:
    """A bucket with the heartbeats of workers in these states."""

    def __init__(self, states: dict[str, str]) -> None:
        self._states = states
        self.read: list[str] = []

    def list(self, prefix: str, **more: Any) -> Listing:
        now = datetime.now(UTC)
        keys = [key for one, state in self._states.items()
                for key in (f"{prefix}{one}.json", f"{prefix}{one}/{state}/mark/0.1.0")]  # fmt: skip
        return Listing([ListedObject(key, now) for key in sorted(keys)])

    def texts(self, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
        self.read += keys
        beat = Heartbeat("w1", datetime.now(UTC), paused="credentials").to_json()
        yield from ((key, beat) for key in keys)


def mine(**more: Any) -> Identity:
    return Identity("123456789012", "arn", "file", **{"temporary": True, **more})


def seen(*states: Any, waiting: int = 0, rate: float = 0.0, identity: Identity | None = None) -> FleetView:
    workers = [Worker(f"w{n}", state, NOW) for n, state in enumerate(states)]
    line = Queue("requests", "q", "url", waiting, 2, 0)
    return fleet_view(Workforce(workers), line, identity or mine(), NOW, rate)


def test_workers_and_line_are_told_in_a_sentence() -> None:
    view = seen("alive", "alive", "alive", "paused", "late", "stopped", waiting=12, rate=1.5)
    assert view.workers == {"alive": 3, "paused": 1, "asleep": 2}
    assert view.queue == {"waiting": 12, "working": 2}
    assert view.message == "3 workers, 12 in line, about 8 s"
    assert view.mend == ""


def test_no_time_is_promised_that_nobody_knows() -> None:
    assert seen("alive", waiting=12).message == "1 worker, 12 in line"


@pytest.mark.parametrize("states", [(), ("stopped",), ("late", "late")])
def test_where_nobody_works_it_says_how_to_wake_them(states: Any) -> None:
    view = seen(*states)
    assert view.workers["alive"] == 0
    assert "worker" in view.message
    assert "ansible-playbook site.yml" in view.mend


@pytest.mark.parametrize(
    ("identity", "state"),
    [
        (mine(ends="2026-01-01T15:00:00+00:00"), "ok"),
        (mine(ends="2026-01-01T12:10:00+00:00"), "ends-soon"),
        (mine(ends="2026-01-01T12:10:00Z"), "ends-soon"),
        (mine(ends="soon"), "unknown"),
        (mine(written=NOW - timedelta(hours=1)), "unknown"),
        (mine(written=NOW - timedelta(hours=3, minutes=40)), "ends-soon"),
        (mine(temporary=False), "ok"),
    ],
)
def test_the_session_is_told_as_far_as_it_is_known(identity: Identity, state: str) -> None:
    view = seen("alive", identity=identity)
    assert view.session["state"] == state
    assert ("credentials.yml" in view.session["mend"]) == (state == "ends-soon")
    assert view.mend == view.session["mend"]


def test_a_session_that_is_over_says_what_to_do() -> None:
    view = unseen_view(Problem(503, "session-over", "the AWS credentials have expired", mend="get new ones"))
    assert (view.session["state"], view.message) == ("over", "the AWS credentials have expired")
    assert view.mend == view.session["mend"] == "get new ones"
    assert unseen_view(Problem(503, "aws-unreachable", "x")).session["state"] == "unknown"


def test_a_stack_that_works_is_seen_by_its_listing_alone() -> None:
    """The bucket is played here, as what is asked of it is what counts."""
    bucket = ListedWorkers({"w1": "alive", "w2": "paused", "w3": "stopped"})
    found = workforce(bucket)  # type: ignore[arg-type]
    assert {one.id: one.state for one in found.workers} == {"w1": "alive", "w2": "paused", "w3": "stopped"}
    assert bucket.read == []


def test_why_nobody_works_is_read_in_the_heartbeats() -> None:
    bucket = ListedWorkers({"w1": "paused"})
    [worker] = workforce(bucket).workers  # type: ignore[arg-type]
    assert worker.paused == "credentials"
    assert bucket.read == ["workers/w1.json"]


def scales(*lines: ScalingLine, **more: Any) -> ScalingView:
    configuration = ScalingConfiguration(0, 6, [HostGroup("workers", "t", "1", "g")])
    return ScalingView(NOW, configuration, lines=lines, **more)


def test_a_fleet_that_sleeps_is_no_fault_and_nobody_has_to_do_anything() -> None:
    view = scaled_view(seen("stopped"), scales(), starting=False)
    assert (view.message, view.mend) == ("the fleet is asleep, and wakes when a job comes", "")
    assert view.scaling
    assert view.scaling["phase"] == "asleep"


def test_who_sends_to_a_sleeping_fleet_is_told_that_a_worker_starts() -> None:
    view = scaled_view(seen("stopped", waiting=1), scales(), starting=True)
    assert view.message == "a worker is starting, about 60 s"
    assert view.scaling
    assert (view.scaling["phase"], view.scaling["booting"]) == ("starting", 1)


def test_a_fleet_that_aws_refuses_to_wake_says_why() -> None:
    refused = ScalingLine(NOW, "i-1", "refused", "VcpuLimitExceeded")
    view = scaled_view(seen("stopped", waiting=1), scales(refused), starting=False)
    assert "AWS refused to start one just now" in view.message
    assert "VcpuLimitExceeded" in view.mend


def test_workers_that_are_there_keep_their_sentence() -> None:
    view = scaled_view(seen("alive", waiting=3), scales(alive=1), starting=False)
    assert view.message == "1 worker, 3 in line"
    assert view.scaling
    assert view.scaling["running"] == 1


@pytest.mark.parametrize(
    ("states", "message"),
    [((), "no worker runs, and it is damaged: mend it"), (("alive",), "1 worker, 0 in line")],
)
def test_a_fleet_of_which_nobody_can_read_how_it_scales_says_so(states: Any, message: str) -> None:
    view = damaged_view(seen(*states), Problem(503, "scaling-damaged", "it is damaged: mend it"))
    assert (view.message, view.mend) == (message, "")
    assert view.scaling
    assert (view.scaling["phase"], view.scaling["running"]) == ("unknown", len(states))
    assert view.scaling["warnings"] == ["it is damaged: mend it"]
