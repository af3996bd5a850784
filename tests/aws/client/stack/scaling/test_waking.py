"""A fleet of no worker is woken by whoever sends; the hosts are nothing but entries of moto's groups."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jobfleet import Fleet, NoAnswerInTime, Settings
from jobfleet.errors import Exit
from jobfleet.stack.scaling import waking
from jobfleet_jobs.protocol.names import SCALING_LOG, WORKERS
from jobfleet_scaling.documents.scaling_line import ScalingLine, read_lines

from tests.client_bench import Jobfleet
from tests.patience import patience, wait_for
from tests.scaling_bench import Group, Scaled

REFUSED_XML = (
    "<ErrorResponse><Error><Code>{code}</Code><Message>{words}</Message></Error></ErrorResponse>"  # as moto's
)

# Each look reads how the stack scales.
LOOK = "GET config/scaling.json"


@pytest.fixture
def scaled(stack: Any) -> Scaled:
    return Scaled(stack).publish()


@pytest.fixture
def group(moto_port: int, scaled: Scaled) -> Iterator[Group]:
    made = Group(moto_port, scaled)
    yield made
    made.close()


@pytest.fixture
def settings(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return Settings(stack.name, "us-east-1", endpoint_url=stack.front.url)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def fleet(settings: Settings, said: list[str]) -> Iterator[Fleet]:
    with Fleet(settings, say=said.append) as made:
        yield made


def beat(stack: Any, worker: str = "w1", **more: Any) -> None:
    """Leave a worker's heartbeat of now, as the worker itself does."""
    body = {"worker": worker, "at": datetime.now(UTC).isoformat(), "versions": {"jobfleet": "1"}, **more}
    stack.s3.put_object(Bucket=stack.bucket, Key=f"workers/{worker}.json", Body=json.dumps(body).encode())


def refuses(code: str, words: str, action: str = "SetDesiredCapacity") -> Callable[[str], Any]:
    body = REFUSED_XML.format(code=code, words=words).encode()
    return lambda call: (403, [], body) if call == action else None


def logged(stack: Any) -> list[ScalingLine]:
    found = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix=SCALING_LOG).get("Contents", [])
    return [line for one in found for line in read_lines(stack.object(one["Key"]))]


def test_who_waits_is_told_that_the_configuration_is_damaged(
    fleet: Fleet, scaled: Scaled, said: list[str]
) -> None:
    scaled.put("config/scaling.json", b'{"min": 0, "ma')
    fleet.submit("stats", [1, 2])
    wait_for(lambda: said)
    assert said[0].startswith("no worker runs, and none can be started: config/scaling.json")


def test_a_sleeping_fleet_is_woken_and_the_time_out_counts_from_when_a_worker_is_there(
    fleet: Fleet, group: Group, stack: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "POLL_SECONDS", 0.2)
    job = fleet.submit("stats", [1, 2])
    stack.until(lambda: said)
    assert said == ["no worker runs; one is starting, about 60 s"]
    assert group.desired == 1
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(NoAnswerInTime):
            job.result(0.5)
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    looks = stack.front.calls.count(LOOK)
    stack.until(lambda: stack.front.calls.count(LOOK) > looks + 5)
    assert not ended.is_set()  # a second without a worker is over, and the half second has not begun
    beat(stack)
    assert ended.wait(patience(60))
    [line] = logged(stack)
    assert (line.event, line.who.startswith("client-")) == ("woke", True)


def test_an_answer_ends_the_wait_for_a_worker(fleet: Fleet, group: Group, stack: Any) -> None:
    job = fleet.submit("stats", [1, 3])
    stack.until(lambda: group.desired == 1)
    stack.worker()
    assert (job.result(patience(60)).result or {})["mean"] == 2
    stack.until(lambda: not fleet.exchange.is_starting)


def test_two_that_wake_start_one_host(settings: Settings, group: Group, stack: Any) -> None:
    said: list[list[str]] = [[], []]
    fleets = [Fleet(settings, say=one.append) for one in said]
    for fleet in fleets:
        fleet.submit("stats", [1])
    stack.until(lambda: all(said))
    assert group.desired == 1
    assert said[0] == said[1] == ["no worker runs; one is starting, about 60 s"]
    for fleet in fleets:
        fleet.close()


def test_who_may_not_wake_is_told_that_the_alarm_does(
    fleet: Fleet, group: Group, stack: Any, said: list[str]
) -> None:
    stack.front.answers = refuses("AccessDenied", "User: x is not authorized")
    fleet.submit("stats", [1])
    stack.until(lambda: said)
    assert "may not start one" in said[0]
    assert "the stack's alarm starts one within about three minutes" in said[0]
    assert group.desired == 0
    assert fleet.exchange.is_starting


def test_after_some_tries_the_error_says_what_is_wrong(
    fleet: Fleet, scaled: Scaled, group: Group, stack: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled.publish(tuning=scaled.configuration.tuning.__class__(boot=0.2))
    monkeypatch.setattr(waking, "POLL_SECONDS", 0.1)
    stack.front.answers = refuses("InsufficientInstanceCapacity", "no t3.micro is left")
    job = fleet.submit("stats", [1])
    stack.until(lambda: said)

    with pytest.raises(NoAnswerInTime) as problem:
        job.result(0.1)

    assert stack.front.calls.count("SetDesiredCapacity") == waking.TRIES
    words = str(problem.value)
    assert "AWS refused to start one: InsufficientInstanceCapacity: no t3.micro is left" in words
    assert "`jobfleet scaling --log`" in words
    assert problem.value.explained
    assert {line.event for line in logged(stack)} == {"refused"}


def test_a_stopped_stack_is_not_woken_and_says_how_it_starts(
    fleet: Fleet, scaled: Scaled, group: Group, stack: Any, said: list[str]
) -> None:
    scaled.publish(paused=True)
    job = fleet.submit("stats", [1])
    stack.until(lambda: said)
    with pytest.raises(NoAnswerInTime, match=r"the stack is stopped: start it with .*start\.yml"):
        job.result(0.1)
    assert group.desired == 0


def test_where_workers_answer_nothing_is_looked_at(
    settings: Settings, scaled: Scaled, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, the answer is there before.
    monkeypatch.setattr(waking, "FIRST_LOOK_SECONDS", 100.0)
    stack.worker()
    with Fleet(settings) as fleet:
        for _ in range(3):
            fleet.stats([1, 2], timeout=patience(60))
    assert not [call for call in stack.front.calls if call.startswith("GET config/")]
    assert "GET " not in stack.front.calls  # no listing


def test_where_a_worker_is_busy_the_look_is_two_calls(fleet: Fleet, scaled: Scaled, stack: Any) -> None:
    beat(stack)
    looks = listings_of_workers(fleet)
    job = fleet.submit("stats", [1])
    stack.until(lambda: looks)
    with pytest.raises(NoAnswerInTime):
        job.result(1)
    assert (len(looks), stack.front.calls.count(LOOK)) == (1, 1)
    assert "DescribeAutoScalingGroups" not in stack.front.calls


def listings_of_workers(fleet: Fleet) -> list[str]:
    """Return where each listing of the workers' heartbeats is noted."""
    seen: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seen.extend([params["Prefix"]] if params["Prefix"] == WORKERS else [])

    events = fleet.exchange.account.s3.meta.events
    events.register("provide-client-params.s3.ListObjectsV2", note)
    return seen


def test_a_stack_that_does_not_scale_is_looked_at_once_and_its_workers_are_not_listed(
    fleet: Fleet, stack: Any
) -> None:
    looks = listings_of_workers(fleet)
    for _ in range(3):
        job = fleet.submit("stats", [1])
        stack.until(lambda: "GET config/scaling.json" in stack.front.calls)
        with pytest.raises(NoAnswerInTime):
            job.result(1)
    assert (looks, stack.front.calls.count("GET config/scaling.json")) == ([], 1)


def test_who_sends_and_does_not_wait_wakes_too(jobfleet: Jobfleet, group: Group) -> None:
    ran = jobfleet("submit", "stats", "1", "2")
    assert ran.returncode == Exit.OK
    assert "no worker runs; one is starting, about 60 s\n" in ran.stderr
    assert group.desired == 1


def test_a_command_says_it_once_and_ends_as_ever(jobfleet: Jobfleet, scaled: Scaled, group: Group) -> None:
    scaled.publish(paused=True)
    ran = jobfleet("stats", "1", "2", "--timeout", "1")
    assert ran.returncode == Exit.NO_ANSWER
    assert ran.stderr.count("as the stack is stopped: start it with `ansible-playbook") == 2  # note, error
