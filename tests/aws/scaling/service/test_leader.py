"""A scaler's ticks: it grows and shrinks by what SQS and the heartbeats say, and by nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY
from jobfleet_scaling.documents.state import Cordon
from jobfleet_scaling.policy.figures import Tuning

from tests.aws.scaling.conftest import Scaler, ScalingStack
from tests.scaling_fleet import GROUP, configuration, seconds

Made = Callable[..., Scaler]

# A fleet shrinks as soon as it was seen without work for a second.
AT_ONCE = Tuning(window=0.0, boot=0.0)


class Away:
    """A client of a service that cannot be reached."""

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://sqs")

        return call


class Counted:
    """A client whose calls are counted."""

    def __init__(self, client: Any) -> None:
        self.client, self.calls = client, []  # type: Any, list[str]

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self.client, name)


def test_a_fleet_grows_from_nothing_to_what_is_needed_and_says_so(stack: ScalingStack, scaler: Made) -> None:
    leader = scaler()
    leader.turn()
    assert (stack.fleet.launched, stack.state().wanted) == (0, 0)
    stack.send(60)
    leader.turn()
    # Nobody knows how long a job takes yet: 60 of 5 s, two at a time, within 60 s, and some to spare.
    assert stack.fleet.launched == stack.state().wanted == 5
    leader.service.end()
    decided = [line for line in stack.logged() if line.event == "decided"]
    assert [(line.visible, line.wanted, line.running) for line in decided] == [(0, 0, 0), (60, 5, 0)]
    assert "took-over" in stack.events()
    assert "launched" in stack.events()


def test_what_jobs_take_is_known_by_heartbeats_and_kept_for_the_next_leader(
    stack: ScalingStack, scaler: Made
) -> None:
    stack.fleet.come(GROUP, 1)
    started = datetime.now(UTC)
    stack.beat("i-1", started=started, busy_seconds=200.0, counts={"succeeded": 90, "failed": 10})
    leader = scaler()
    leader.turn()
    assert (stack.state().service_seconds, stack.state().slots) == (2.0, 2.0)
    leader.turn()
    leader.service.end()
    # Counted once, however often it is read, and whoever reads it.
    other = scaler("i-other")
    other.turn()
    other.service.end()
    assert sum(line.done or 0 for line in stack.logged()) == 100


def test_jobs_in_hand_keep_their_host(stack: ScalingStack, scaler: Made) -> None:
    stack.configure(configuration(most=1, tuning=AT_ONCE))
    stack.fleet.come(GROUP, 1)
    stack.beat("i-1")
    stack.send(1)
    stack.take(1)
    leader = scaler()
    leader.turn(3)
    assert (stack.state().wanted, stack.state().cordoned) == (1, {})


def shrunk(stack: ScalingStack, scaler: Made, hosts: int = 1, who: str = "i-leader") -> Scaler:
    """Return a leader with idle hosts that it has cordoned, as the window is over."""
    stack.configure(configuration(tuning=AT_ONCE))
    stack.fleet.come(GROUP, hosts)
    for number in range(hosts):
        stack.beat(f"i-{number + 1}")
    leader = scaler(who)
    leader.turn(2)
    assert len(stack.state().cordoned) == hosts, stack.out.getvalue()
    return leader


def test_an_idle_host_is_cordoned_drains_and_is_ended(stack: ScalingStack, scaler: Made) -> None:
    leader = shrunk(stack, scaler)
    leader.turn()
    assert stack.fleet.ended == []
    stack.beat("i-1", stopped=True)
    leader.turn()
    assert stack.fleet.ended == ["i-1"]
    leader.turn()
    assert stack.state().cordoned == {}
    assert [one for one in stack.events() if one in ("cordoned", "ended")] == ["cordoned", "ended"]


def test_a_leader_that_ends_its_own_host_lets_the_next_one_lead_at_once(
    stack: ScalingStack, scaler: Made
) -> None:
    leader = shrunk(stack, scaler, who="i-1")
    stack.beat("i-1", stopped=True)
    leader.turn()
    assert (stack.fleet.ended, stack.state().holder) == (["i-1"], "")
    # It is there for a moment yet, and decides nothing any more.
    leader.turn()
    assert stack.state().holder == ""
    woken = scaler("i-2")
    woken.turn()
    assert stack.state().holder == "i-2"


def test_a_job_that_came_meanwhile_keeps_the_host_that_was_to_leave(
    stack: ScalingStack, scaler: Made
) -> None:
    leader = shrunk(stack, scaler)
    stack.beat("i-1", stopped=True)
    stack.send(1)
    leader.turn()
    assert (stack.fleet.ended, stack.fleet.launched, stack.state().cordoned) == ([], 1, {})
    assert stack.events()[-1] == "uncordoned"


def test_a_stopped_stack_is_left_alone_and_so_is_one_that_does_not_scale(
    stack: ScalingStack, scaler: Made
) -> None:
    stack.send(9)
    stack.configure(configuration(paused=True))
    leader = scaler()
    leader.turn(2)
    stack.s3.delete_object(Bucket=stack.bucket, Key=SCALING_CONFIGURATION_KEY)
    leader.turn(2)
    assert (stack.fleet.launched, stack.printed()) == (0, [])
    stack.configure()
    leader.turn()
    assert stack.fleet.launched > 0


def test_with_a_damaged_configuration_the_fleet_stays_as_it_is_and_the_scaler_says_so_once(
    stack: ScalingStack, scaler: Made
) -> None:
    stack.fleet.come(GROUP, 1)
    stack.beat("i-1")
    stack.configure(configuration(tuning=AT_ONCE))
    leader = scaler()
    leader.turn()
    before = stack.fleet.launched
    stack.s3.put_object(Bucket=stack.bucket, Key=SCALING_CONFIGURATION_KEY, Body=b'{"min": 0, "ma')
    stack.send(60)
    leader.turn(3)
    assert (stack.fleet.launched, len(stack.fleet.hosts)) == (before, 1)
    [said] = [line["why"] for line in stack.printed() if line["event"] == "waiting"]
    assert said.startswith("config/scaling.json in the stack's bucket is damaged")
    stack.configure()
    leader.turn()
    assert stack.fleet.launched > before


def test_a_changed_configuration_counts_at_the_next_tick(stack: ScalingStack, scaler: Made) -> None:
    leader = scaler()
    leader.turn()
    stack.configure(configuration(least=2))
    leader.turn()
    assert stack.fleet.launched == 2


def test_while_the_queue_cannot_be_read_nothing_is_decided(
    stack: ScalingStack, scaler: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.configure(configuration(tuning=AT_ONCE))
    stack.fleet.come(GROUP, 2)
    stack.beat("i-1")
    stack.beat("i-2")
    leader = scaler()
    with monkeypatch.context() as patched:
        patched.setattr(Scaler, "sqs", Away())
        leader.turn(3)
    assert (stack.state().cordoned, stack.state().holder) == ({}, "i-leader")
    assert stack.events() == ["refused"]
    leader.turn(2)
    assert len(stack.state().cordoned) == 2


def test_while_the_bucket_cannot_be_read_nothing_is_done(stack: ScalingStack, scaler: Made) -> None:
    stack.send(9)
    leader = scaler()
    leader.s3 = Away()
    leader.turn(3)
    assert (stack.fleet.launched, stack.events()) == (0, ["waiting"])
    leader.s3 = stack.s3
    leader.turn()
    assert stack.fleet.launched > 0


def test_an_answer_that_nobody_thought_of_is_said_and_the_next_tick_tries_again(
    stack: ScalingStack, scaler: Made
) -> None:
    leader = scaler()
    leader.s3 = Counted(stack.s3)
    leader.s3.list_objects_v2 = lambda **_: {"Contents": [{}]}
    leader.turn(3)
    [line] = stack.printed()
    assert line["event"] == "waiting"
    assert "KeyError: 'Key' (" in line["why"]
    leader.s3 = stack.s3
    leader.turn()
    assert stack.state().decisions == 1


def test_what_is_refused_is_said_and_tried_again(stack: ScalingStack, scaler: Made) -> None:
    stack.send(1)
    refused = {"Error": {"Code": "UnauthorizedOperation", "Message": "explicit deny"}}
    stack.fleet.refuses = ClientError(refused, "RunInstances")  # type: ignore[arg-type]
    leader = scaler()
    leader.turn(4)
    told = [line["why"] for line in stack.printed() if line["event"] == "refused"]
    assert told == ["hosts of group workers: UnauthorizedOperation: explicit deny"]
    stack.fleet.refuses = None
    leader.turn(30)
    assert stack.fleet.launched == 1


def test_orders_that_do_not_come_are_asked_for_and_go_to_another_group(
    stack: ScalingStack, scaler: Made
) -> None:
    other = replace(GROUP, name="other", template="st-other", scaling_group="st-other", weight=0)
    stack.configure(configuration(GROUP, other))
    stack.fleet.slow, stack.fleet.why = True, "We currently do not have sufficient t3.micro capacity"
    stack.send(1)
    leader = scaler()
    leader.turn(2)
    assert stack.fleet.ordered == {"workers": 1}
    leader.turn(15)
    assert stack.fleet.ordered == {"workers": 0, "other": 1}
    assert any("sufficient t3.micro capacity" in line.get("why", "") for line in stack.printed())


def test_a_dead_host_is_ended_and_replaced_if_it_is_needed(stack: ScalingStack, scaler: Made) -> None:
    stack.configure(configuration(least=1))
    stack.fleet.come(GROUP, 1)
    stack.beat("i-1")
    leader = scaler()
    leader.turn()
    stack.fleet.hosts = [replace(stack.fleet.hosts[0], state="stopped")]
    leader.turn(3)
    assert (stack.fleet.ended, [one.id for one in stack.fleet.hosts]) == (["i-1"], ["i-2"])


def test_a_tick_of_a_large_fleet_makes_few_calls(stack: ScalingStack, scaler: Made) -> None:
    for number in range(40):
        stack.beat(f"i-{number}")
    leader = scaler()
    counted = leader.s3 = Counted(stack.s3)
    leader.turn()
    # Configuration, state (not there, then written), the listing, and ten heartbeats.
    assert sorted(set(counted.calls)) == ["get_object", "list_objects_v2", "put_object"]
    assert len(counted.calls) == 14
    follower = scaler("i-follower")
    counted = follower.s3 = Counted(stack.s3)
    follower.turn()
    assert counted.calls == ["get_object", "get_object"]


def test_a_host_that_came_to_life_tells_how_long_it_took(stack: ScalingStack, scaler: Made) -> None:
    stack.send(1)
    leader = scaler()
    leader.turn(2)
    stack.beat("i-1", started=stack.fleet.hosts[0].launched + seconds(42))
    leader.turn()
    assert [(line["host"], line["why"]) for line in stack.printed() if line["event"] == "alive"] == [
        ("i-1", "42 s after its launch")
    ]
    assert round(stack.state().came_in) == 42
    # Whoever leads next knows it, too.
    leader.service.end()
    scaler("i-next").turn()
    assert round(stack.state().came_in) == 42


def test_whoever_takes_over_goes_on_with_what_was_begun(stack: ScalingStack, scaler: Made) -> None:
    leader = shrunk(stack, scaler, hosts=2)
    before: dict[str, Cordon] = dict(stack.state().cordoned)
    leader.service.end()
    assert stack.state().holder == ""
    next_one = scaler("i-next")
    stack.beat("i-1", stopped=True)
    next_one.turn()
    assert stack.fleet.ended == ["i-1"]
    assert stack.state().cordoned == before
