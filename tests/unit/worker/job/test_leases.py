"""Leases that cannot be extended."""

import threading
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import EndpointConnectionError
from jobfleet_worker.aws.queues import Message
from jobfleet_worker.clock import SystemClock
from jobfleet_worker.job.leases import Leases

from tests.patience import patience


class Away:
    """Queues that cannot be reached."""

    def hide(self, *_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


def test_batches_that_fail_while_the_first_is_told_of_are_not_told_of_too() -> None:
    said: list[str] = []
    first_is_told, others_failed = threading.Event(), threading.Event()

    def say(event: str, **_: Any) -> None:
        said.append(event)
        if not first_is_told.is_set():
            first_is_told.set()
            others_failed.wait(patience(60))

    settings: Any = SimpleNamespace(visibility_timeout=60, job_time_limit=60)
    queues: Any = Away()
    leases = Leases(settings, queues, SystemClock(), say)
    taken = leases.take([Message("{}", str(n), 1) for n in range(4)], SystemClock().monotonic())
    first = threading.Thread(target=leases._extend, args=(taken[:1],))
    first.start()
    assert first_is_told.wait(patience(60))
    for one in taken[1:]:
        leases._extend([one])
    others_failed.set()
    first.join(patience(60))
    assert said == ["lease-not-extended"]
