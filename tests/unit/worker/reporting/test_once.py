"""Trouble that many threads meet is told once."""

import threading

from jobfleet_worker.reporting.once import ToldOnce


def test_of_many_threads_that_fail_at_once_one_tells() -> None:
    trouble, together, told = ToldOnce(), threading.Barrier(8), []

    def fail() -> None:
        together.wait()
        told.append(trouble.failed(1.0))

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


def test_a_call_from_before_the_trouble_does_not_end_it_and_a_later_one_does() -> None:
    trouble = ToldOnce()
    assert trouble.failed(10.0)
    trouble.passed(begun=9.0)
    assert not trouble.failed(11.0)
    trouble.passed(begun=12.0)
    assert trouble.failed(13.0)
