"""Reply queues: whose they are, how long they live, and what happens when they are gone."""

import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from jobfleet import Fleet, Settings
from jobfleet.answers.reply_queue import ReplyQueue
from jobfleet.answers.reply_queue_sweep import ALIVE_TAG, STALE_SECONDS, made_at, queue_name, sweep
from jobfleet.aws.account import Account
from jobfleet_jobs.protocol.names import STACK_TAG, StackNames

from tests.patience import patience

HOUR = 3600


@pytest.fixture
def account(settings: Settings) -> Any:
    made = Account(settings)
    yield made
    made.close()


def queues(stack: Any) -> set[str]:
    found = stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix).get("QueueUrls", [])
    return {url.rpartition("/")[2] for url in found} - {stack.reply_to}


def leave_queue(stack: Any, made: float, alive: float | None, tag: str | None = None) -> str:
    """Make a reply queue as a client does that is not there any more."""
    name = queue_name(stack.names, made, os.urandom(4).hex())
    tags = {STACK_TAG: tag or stack.name, **({} if alive is None else {ALIVE_TAG: str(int(alive))})}
    stack.sqs.create_queue(QueueName=name, tags=tags)
    return name


def test_a_process_has_one_queue_of_its_own_with_the_stack_s_tag(stack: Any, settings: Settings) -> None:
    stack.worker()
    with Fleet(settings) as fleet, Fleet(settings) as other:
        for number in range(3):
            fleet.stats([number], timeout=patience(120))
        other.stats([1], timeout=patience(120))
        mine = queues(stack)
        assert len(mine) == 2
        for name in mine:
            assert re.fullmatch(re.escape(stack.names.replies_prefix) + "[0-9a-z]{6,7}-[0-9a-f]{8}", name)
            assert abs((made_at(stack.names, name) or 0) - time.time()) < 600
            url = stack.sqs.get_queue_url(QueueName=name)["QueueUrl"]
            assert stack.sqs.list_queue_tags(QueueUrl=url)["Tags"][STACK_TAG] == stack.name
            attributes = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            assert attributes["MessageRetentionPeriod"] == "3600"
    assert queues(stack) == set()


def test_queues_of_clients_that_live_no_more_are_swept_and_no_others(stack: Any, account: Account) -> None:
    now = time.time()
    old = now - STALE_SECONDS - HOUR
    dead = {leave_queue(stack, old, old), leave_queue(stack, old, None)}
    kept = {
        leave_queue(stack, old, now - HOUR),  # its owner said an hour ago that it lives
        leave_queue(stack, now - HOUR, None),  # young
        leave_queue(stack, old, old, tag="another"),
    }
    assert set(sweep(account, now)) == dead
    assert queues(stack) == kept
    assert stack.sqs.get_queue_url(QueueName=stack.reply_to)  # not named as clients name theirs
    assert made_at(StackNames("lab"), "lab-reply-requests") is None
    assert made_at(StackNames("lab"), queue_name(StackNames("lab-reply"), now, "00000000")) is None


def test_sweeping_is_rare_and_no_job_fails_over_it(stack: Any, settings: Settings) -> None:
    stack.worker()
    old = time.time() - STALE_SECONDS - HOUR
    leave_queue(stack, old, old)
    stack.front.forbids = lambda call: call in ("ListQueues", "ListQueueTags")
    with Fleet(settings) as fleet:
        assert fleet.stats([1], timeout=patience(120))["mean"] == 1
    stack.front.forbids = lambda call: False
    assert stack.front.calls.count("ListQueues") == 1
    with Fleet(settings) as fleet:
        assert fleet.stats([1], timeout=patience(120))["mean"] == 1
    assert stack.front.calls.count("ListQueues") == 1  # within the hour
    marker = next((Path(os.environ["XDG_STATE_HOME"]) / "jobfleet").glob("swept-*"))
    os.utime(marker, (old, old))
    with Fleet(settings) as fleet:
        assert fleet.stats([1], timeout=patience(120))["mean"] == 1
    assert queues(stack) == set()


def test_a_client_that_lives_long_says_so(stack: Any, account: Account) -> None:
    now = time.time()
    queue = ReplyQueue(account, lambda: now)
    name = queue.open()
    now += 2 * HOUR
    assert queue.open() == name
    url = stack.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert stack.sqs.list_queue_tags(QueueUrl=url)["Tags"][ALIVE_TAG] == str(int(now))
    now += 2 * HOUR
    assert queue.receive(0) == []
    assert stack.sqs.list_queue_tags(QueueUrl=url)["Tags"][ALIVE_TAG] == str(int(now))
    # Where tags may not be written, it lives on all the same.
    stack.front.forbids = lambda call: call == "TagQueue"
    now += 2 * HOUR
    assert queue.open() == name
    # One that was taken away while its owner slept is made anew.
    stack.sqs.delete_queue(QueueUrl=url)
    stack.front.forbids = lambda call: False
    now += 2 * HOUR
    assert queue.open() not in (name, None)
    queue.close()


def test_answers_to_a_queue_that_was_deleted_are_read_from_the_bucket(stack: Any, settings: Settings) -> None:
    with Fleet(settings) as fleet:
        jobs = fleet.submit_many("stats", [[n] for n in range(12)])
        stack.until(lambda: "ReceiveMessage" in stack.front.calls)
        [name] = queues(stack)
        stack.sqs.delete_queue(QueueUrl=stack.sqs.get_queue_url(QueueName=name)["QueueUrl"])
        stack.worker()
        assert [(job.result(patience(60)).result or {})["mean"] for job in jobs] == list(range(12))
        # Once the loss is noticed, jobs are answered by a queue again.
        stack.until(lambda: fleet.stats([5], timeout=patience(60))["mean"] == 5 and queues(stack))


def test_a_queue_that_sqs_does_not_know_yet_is_kept_and_used(stack: Any, settings: Settings) -> None:
    """As in the first second of a queue's life."""
    unknown = 400, [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")], b"{}"
    left = [unknown, unknown]
    stack.front.answers = lambda call: left.pop() if call == "ReceiveMessage" and left else None
    stack.worker()
    with Fleet(settings) as fleet:
        for number in (1, 2, 3):
            assert fleet.stats([number], timeout=patience(60))["mean"] == number
        assert stack.front.calls.count("CreateQueue") == 1
        # Nobody's answer went by it if it was given up.
        stack.until(lambda: not left and fleet.stats([4], timeout=patience(60)) and len(queues(stack)) == 1)
        receives = stack.front.calls.count("ReceiveMessage")
    assert receives > 2


def test_a_network_that_fails_for_a_moment_is_waited_out(stack: Any, settings: Settings) -> None:
    with Fleet(settings) as fleet:
        job = fleet.submit("stats", "3")
        stack.until(lambda: "ReceiveMessage" in stack.front.calls)
        stack.front.fails = lambda call: call == "ReceiveMessage" or call.startswith("GET")
        stack.until(lambda: stack.front.calls.count("ReceiveMessage") >= 4, 60)
        threading.Timer(0.5, lambda: setattr(stack.front, "fails", lambda call: False)).start()
        stack.worker()
        assert (job.result(patience(60)).result or {})["mean"] == 3
