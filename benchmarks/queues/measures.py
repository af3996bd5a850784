"""What is measured of each kind of queue. All are counts, so the machine's speed does not matter."""

from typing import Any

from benchmarks.queues.kinds import queue, until_empty

# How long nothing comes before a queue counts as empty.
EMPTY_SECONDS = 2.5


def given_out(sqs: Any, kind: str, jobs: int) -> int:
    """Return how many jobs are given out of so many that were sent twice each, as a client's retry does."""
    with queue(sqs, kind) as one:
        for _ in range(2):
            one.send(range(jobs), "client")
        count = 0
        for found in until_empty(one, EMPTY_SECONDS):
            count += len(found)
            one.delete([receipt for _, receipt in found])
        return count


def at_work(sqs: Any, kind: str, jobs: int) -> int:
    """Return how many jobs of one sender any number of workers have at work before the first is done."""
    with queue(sqs, kind) as one:
        one.send(range(jobs), "client")
        return sum(len(found) for found in until_empty(one, EMPTY_SECONDS))


def overtaking(sqs: Any, kind: str, jobs: int) -> int:
    """Return how many later jobs of its sender are done while the first waits for its second attempt."""
    with queue(sqs, kind) as one:
        one.send(range(jobs), "client")
        done = 0
        for found in until_empty(one, EMPTY_SECONDS, most=1):
            [(job, receipt)] = found
            if job:
                done += 1
                one.delete([receipt])
        return done


def done_beside_poison(sqs: Any, kind: str, jobs: int, max_receives: int) -> int:
    """Return how many other jobs of its sender are done before one that always fails is a dead letter.

    It is handed back when nothing else comes: that is as late as it can be.
    """
    with queue(sqs, kind, max_receives) as one:
        one.send(range(jobs), "client")
        done, left, held = 0, max_receives, ""
        while left:
            found = one.receive(1)
            for job, receipt in found:
                if job:
                    done += 1
                    one.delete([receipt])
                else:
                    left, held = left - 1, receipt
            if held and not found:
                one.hand_back(held, 0)
        return done


def calls_a_job(sqs: Any, kind: str, jobs: int) -> float:
    """Return how many calls a job takes to be sent, received and deleted where all calls are full."""
    with queue(sqs, kind) as one:
        one.send(range(jobs), "client")
        left = jobs
        while left:
            if found := one.receive():
                one.delete([receipt for _, receipt in found])
                left -= len(found)
        return sum(one.calls.values()) / jobs
