"""When notes are sent. SQS is played, so that each call is seen and can fail; `tests/aws` sends real ones."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from jobfleet_jobs.protocol.message import Inline, Request
from jobfleet_jobs.protocol.started_note import StartedNote
from jobfleet_worker.aws.queues import QueueGone
from jobfleet_worker.job.started_notes import TELL_AFTER_SECONDS, StartedNotes

START = datetime(2026, 1, 1, tzinfo=UTC)


class Room:
    """Notes, and what they go by: a clock that is turned, queues that note calls."""

    def __init__(self) -> None:
        self.seconds, self.open = 100.0, True
        self.sent: list[tuple[str, list[str]]] = []
        self.began: list[datetime] = []
        self.problem: Exception | None = None
        tools: Any = SimpleNamespace(
            queues=self, clock=self, settings=SimpleNamespace(worker_id="w1"),
            breaker=SimpleNamespace(lets_through=lambda: self.open),
        )  # fmt: skip
        self.notes = StartedNotes(tools)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 100.0)

    def answer(self, queue: str, bodies: Sequence[str]) -> dict[int, Any]:
        notes = [note for body in bodies if (note := StartedNote.read(body))]
        self.sent.append((queue, [note.id for note in notes]))
        self.began += [note.at for note in notes]
        if self.problem:
            raise self.problem
        return {}

    def job(self, begun: float | None = 100.0) -> Any:
        return SimpleNamespace(lease=SimpleNamespace(begun=begun))

    def pass_time(self) -> None:
        self.seconds += TELL_AFTER_SECONDS
        self.notes.send_due()


@pytest.fixture
def room() -> Room:
    return Room()


def request(name: str, **more: Any) -> Request:
    fields = {"tell": ("started",), "reply_to": "replies", **more}
    return Request(name, "greyscale", Inline(""), "2026-01-01T00:00:00Z", **fields)


def test_a_job_at_work_for_long_enough_is_told_of_once(room: Room) -> None:
    with room.notes.watched(room.job(), request("a")):
        room.notes.send_due()
        assert room.sent == []
        room.pass_time()
        room.pass_time()
    assert room.sent == [("replies", ["a"])]


def test_a_note_tells_when_the_work_began_not_when_it_was_sent(room: Room) -> None:
    room.seconds = 107.0
    with room.notes.watched(room.job(begun=102.0), request("a")):
        room.notes.send_due()
    assert room.began == [START + timedelta(seconds=2)]


def test_nothing_is_told_of_a_job_that_is_done(room: Room) -> None:
    with room.notes.watched(room.job(), request("a")):
        pass
    room.pass_time()
    assert room.sent == []


def test_a_job_that_waits_for_a_process_is_not_at_work(room: Room) -> None:
    job = room.job(begun=None)
    with room.notes.watched(job, request("a")):
        room.pass_time()
        assert room.sent == []
        job.lease.begun = room.seconds
        room.pass_time()
    assert room.sent == [("replies", ["a"])]


@pytest.mark.parametrize("more", [{"tell": ()}, {"tell": ("else",)}, {"reply_to": None}])
def test_who_did_not_ask_or_cannot_be_told_is_not_told(room: Room, more: dict[str, Any]) -> None:
    with room.notes.watched(room.job(), request("a", **more)):
        room.pass_time()
    assert room.sent == []


def test_notes_to_one_queue_share_calls(room: Room) -> None:
    watched = [room.notes.watched(room.job(), request(f"{n:02}")) for n in range(12)]
    watched.append(room.notes.watched(room.job(), request("other", reply_to="others")))
    for one in watched:
        one.__enter__()
    room.pass_time()
    assert [(queue, len(ids)) for queue, ids in room.sent] == [("replies", 10), ("replies", 2), ("others", 1)]


def test_a_note_that_cannot_be_sent_harms_nobody_and_is_not_sent_again(room: Room) -> None:
    room.problem = QueueGone("replies")
    with room.notes.watched(room.job(), request("a")):
        room.pass_time()
        room.pass_time()
    assert len(room.sent) == 1


def test_while_aws_is_away_nothing_is_told(room: Room) -> None:
    room.open = False
    with room.notes.watched(room.job(), request("a")):
        room.pass_time()
    assert room.sent == []
