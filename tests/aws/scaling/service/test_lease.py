"""The lease: one decides, also where clocks are wrong, processes stand still, and two write at once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from jobfleet_jobs.protocol.names import SCALING_STATE_KEY
from jobfleet_scaling.documents.state import LEASE_SECONDS, ScalingState
from jobfleet_scaling.service import lease as lease_module
from jobfleet_scaling.service.lease import MARGIN_SECONDS, Overtaken, StateRead

from tests.aws.scaling.conftest import Scaler, ScalingStack
from tests.scaling_fleet import TurnedClock, seconds

Made = Callable[..., Scaler]
STOPPED_LONG_AGO = LEASE_SECONDS + 1


def pass_over(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """Let S3's clock show so much later to whoever reads the state from now on."""
    read = lease_module.StateStore.read

    def later(store: lease_module.StateStore) -> StateRead:
        found = read(store)
        return StateRead(found.state, found.etag, found.now + seconds(by), found.age + by)

    monkeypatch.setattr(lease_module.StateStore, "read", later)


def test_only_one_of_two_decides(stack: ScalingStack, scaler: Made) -> None:
    first, second = scaler("i-1"), scaler("i-2")
    stack.send(1)
    for _ in range(3):
        first.turn()
        second.turn()
    assert (stack.state().holder, stack.fleet.launched) == ("i-1", 1)
    assert {line["who"] for line in stack.printed()} == {"i-1"}
    assert (first.lease.holds(), second.lease.holds()) == (True, False)


def test_of_two_that_write_at_once_one_has_decided_nothing(stack: ScalingStack, scaler: Made) -> None:
    first, second = scaler("i-1"), scaler("i-2")
    read = second.store.read()
    first.turn()
    with pytest.raises(Overtaken):
        second.leader.tick(second.service._parts.configuration.read(), read)  # type: ignore[arg-type]
    assert not second.lease.holds()
    assert stack.state().holder == "i-1"


class Going:
    """The agent of a host that AWS takes; the hook is let go on in its `turn`."""

    is_leaving = True

    def __init__(self) -> None:
        self.is_going, self.taken, self.held_at_the_end = False, False, []  # type: bool, bool, list[str]

    def look(self) -> None:
        self.is_going = self.taken

    def turn(self, state: ScalingState | None, _now: datetime) -> None:
        assert state is not None
        if self.is_going:
            self.held_at_the_end.append(state.holder)


def test_a_host_that_aws_takes_lets_the_lease_go_before_it_goes(stack: ScalingStack, scaler: Made) -> None:
    agent = Going()
    first, second = scaler("i-1", agent=agent), scaler("i-2")
    first.turn()
    assert stack.state().holder == "i-1"
    agent.taken = True
    first.turn()
    assert agent.held_at_the_end == [""]
    # Nor does it take the lease again, as nobody has it.
    first.turn()
    assert stack.state().holder == ""
    second.turn()
    assert (stack.state().holder, second.lease.holds(), first.lease.holds()) == ("i-2", True, False)


def test_another_takes_over_when_the_lease_is_over_and_not_before(
    stack: ScalingStack, scaler: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaler("i-1").turn()
    second = scaler("i-2")
    with monkeypatch.context() as patched:
        pass_over(patched, LEASE_SECONDS - 5)
        second.turn()
    assert stack.state().holder == "i-1"
    pass_over(monkeypatch, STOPPED_LONG_AGO)
    second.turn()
    assert stack.state().holder == "i-2"
    assert "i-1 has not renewed its lease" in stack.printed()[-2]["why"]


def test_who_stood_still_beyond_its_lease_does_nothing_by_it(stack: ScalingStack, scaler: Made) -> None:
    first = scaler("i-1")
    first.turn()
    stack.send(1)
    write = first.store.write

    def frozen_after(state: ScalingState, before: StateRead) -> StateRead:
        written = write(state, before)
        first.clock.seconds += STOPPED_LONG_AGO
        return written

    first.store.write = frozen_after  # type: ignore[method-assign]
    first.turn()
    assert (stack.state().wanted, stack.fleet.launched) == (1, 0)
    first.store.write = write  # type: ignore[method-assign]
    first.turn()
    assert stack.fleet.launched == 1


def test_a_lease_ends_for_its_holder_before_it_does_for_others() -> None:
    clock = TurnedClock()
    lease = lease_module.LeaderLease("i-1", clock)
    assert not lease.holds()
    lease.taken(lease.begin())
    clock.seconds += LEASE_SECONDS - MARGIN_SECONDS - 1
    assert lease.holds()
    clock.seconds += 1
    assert not lease.holds()


@pytest.mark.parametrize("wrong", [-86_400.0, 86_400.0])
def test_clocks_that_are_wrong_by_a_day_change_nothing(
    stack: ScalingStack, scaler: Made, wrong: float
) -> None:
    right = scaler("i-right")
    other = scaler("i-wrong", clock=TurnedClock(datetime.now(UTC) + seconds(wrong)))
    other.turn()
    for _ in range(3):
        right.turn()
        other.turn()
    assert stack.state().holder == "i-wrong"
    assert abs((stack.state().needs[-1][0] - datetime.now(UTC)).total_seconds()) < 3_600


def test_a_state_that_somebody_removed_or_broke_is_begun_anew(stack: ScalingStack, scaler: Made) -> None:
    first = scaler("i-1")
    first.turn()
    stack.s3.delete_object(Bucket=stack.bucket, Key=SCALING_STATE_KEY)
    first.turn()
    assert stack.state().holder == "i-1"
    stack.s3.put_object(Bucket=stack.bucket, Key=SCALING_STATE_KEY, Body=b"no JSON")
    first.turn()
    assert stack.state().holder == "i-1"


def test_the_lease_is_free_at_once_when_its_holder_stops(stack: ScalingStack, scaler: Made) -> None:
    first, second = scaler("i-1"), scaler("i-2")
    first.turn()
    first.service.end()
    second.turn()
    assert stack.state().holder == "i-2"
    # One that does not hold it takes it from nobody.
    first.service.end()
    assert stack.state().holder == "i-2"
