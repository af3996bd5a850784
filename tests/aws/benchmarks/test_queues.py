"""The comparison of standard and FIFO queues finds what AWS documents of each, on the embedded AWS."""

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.queues import measures
from benchmarks.queues.kinds import FIFO, STANDARD


@pytest.fixture
def sqs(aws: Callable[[str], Any]) -> Any:
    return aws("sqs")


@pytest.fixture(autouse=True)
def soon_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "EMPTY_SECONDS", 0.5)


@pytest.mark.parametrize(("kind", "count"), [(STANDARD, 40), (FIFO, 20)])
def test_a_fifo_queue_gives_out_once_what_is_sent_twice(sqs: Any, kind: str, count: int) -> None:
    assert measures.given_out(sqs, kind, 20) == count


@pytest.mark.parametrize(("kind", "count"), [(STANDARD, 30), (FIFO, 10)])
def test_of_one_sender_a_fifo_queue_lets_one_receive_work(sqs: Any, kind: str, count: int) -> None:
    assert measures.at_work(sqs, kind, 30) == count


@pytest.mark.parametrize(("kind", "count"), [(STANDARD, 3), (FIFO, 0)])
def test_behind_a_job_that_fails_for_ever_its_sender_s_others_wait(sqs: Any, kind: str, count: int) -> None:
    assert measures.done_beside_poison(sqs, kind, 4, max_receives=2) == count


@pytest.mark.parametrize(("kind", "count"), [(STANDARD, 3), (FIFO, 0)])
def test_in_a_fifo_queue_nothing_overtakes_what_is_tried_again(sqs: Any, kind: str, count: int) -> None:
    assert measures.overtaking(sqs, kind, 4) == count
