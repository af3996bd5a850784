"""Leases that cannot be extended."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import EndpointConnectionError
from jobfleet_worker.aws.queues import Message
from jobfleet_worker.clock import SystemClock
from jobfleet_worker.job.leases import Leases


def test_batches_that_fail_at_the_same_moment_are_told_of_once() -> None:
    together, said = threading.Barrier(4), []

    class Queues:
        def hide(self, *_: Any) -> Any:
            together.wait()
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    settings: Any = SimpleNamespace(visibility_timeout=60, job_time_limit=60)
    queues: Any = Queues()
    leases = Leases(settings, queues, SystemClock(), lambda event, **more: said.append(event))
    taken = leases.take([Message("{}", str(n), 1) for n in range(4)], SystemClock().monotonic())
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: leases._extend([one]), taken))
    assert said == ["lease-not-extended"]
