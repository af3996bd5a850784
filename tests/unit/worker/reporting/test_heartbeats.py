"""When a worker writes its entry on the roll beside its heartbeat."""

from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.roll import ENTRY_PERIOD_SECONDS, roll_key
from jobfleet_worker.reporting.heartbeats import Heartbeats


class Clock:
    """A clock that stands still until it is moved."""

    seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    def now(self) -> datetime:
        """Return the same as a time."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Writing:
    """A worker that writes into a list."""

    def __init__(self) -> None:
        self.clock, self.state, self.written, self.refused = Clock(), Heartbeat("w"), list[str](), False
        self.heartbeats = Heartbeats(
            self.clock, lambda told: self.written.append("heartbeat"), self.write_roll, lambda: self.state
        )

    def write_roll(self, key: str) -> None:
        """Take an entry, or refuse it."""
        if self.refused:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
        self.written.append(key)

    def after(self, seconds: float, *, stopped: bool = False) -> list[str]:
        """Return what is written after a while."""
        self.written.clear()
        self.clock.seconds += seconds
        self.heartbeats.write(stopped=stopped)
        return self.written


def test_the_entry_is_written_before_the_heartbeat_when_it_changes_and_once_an_hour() -> None:
    worker = Writing()
    alive = roll_key(Heartbeat("w"))
    assert worker.after(0) == [alive, "heartbeat"]
    assert worker.after(60) == ["heartbeat"]
    worker.state = Heartbeat("w", paused="credentials")
    assert worker.after(60) == [roll_key(worker.state), "heartbeat"]
    worker.state = Heartbeat("w", offer={"operations": ["shine"]})
    assert worker.after(60) == [roll_key(worker.state), "heartbeat"]
    assert worker.after(ENTRY_PERIOD_SECONDS) == [roll_key(worker.state), "heartbeat"]
    assert worker.after(60, stopped=True)[0].startswith("workers/w/stopped/")


def test_an_entry_that_is_refused_costs_no_heartbeat_and_is_written_the_next_time() -> None:
    worker = Writing()
    worker.refused = True
    assert worker.after(0) == ["heartbeat"]
    worker.refused = False
    assert worker.after(60) == [roll_key(Heartbeat("w")), "heartbeat"]
