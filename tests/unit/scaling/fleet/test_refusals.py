"""What AWS refuses is said once and tried again, less and less often."""

from botocore.exceptions import ClientError
from jobfleet_scaling.fleet.refusals import FIRST_SECONDS, LONGEST_SECONDS, SAY_AGAIN_SECONDS, Refusals

from tests.scaling_fleet import TurnedClock


class Said(list[tuple[str, str]]):
    """What was said."""

    def say(self, what: str, why: str) -> None:
        self.append((what, why))


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "RunInstances")


def test_it_is_tried_again_after_longer_and_longer_times() -> None:
    clock, said = TurnedClock(), Said()
    refusals = Refusals(clock.monotonic, said.say)
    waits = []
    for _ in range(9):
        refusals.failed("launching", refusal("InsufficientInstanceCapacity"))
        start = clock.seconds
        while not refusals.may("launching"):
            clock.seconds += 1
        waits.append(clock.seconds - start)
    assert waits[0] <= FIRST_SECONDS * 1.25 + 1
    assert LONGEST_SECONDS * 0.75 <= waits[-1] <= LONGEST_SECONDS * 1.25 + 1
    assert refusals.may("something else")


def test_it_is_said_once_until_the_reason_is_another_or_long_ago() -> None:
    clock, said = TurnedClock(), Said()
    refusals = Refusals(clock.monotonic, said.say)
    for code in ("UnauthorizedOperation", "UnauthorizedOperation", "VcpuLimitExceeded"):
        refusals.failed("launching", refusal(code))
    assert said == [("launching", "UnauthorizedOperation: no"), ("launching", "VcpuLimitExceeded: no")]
    clock.seconds += SAY_AGAIN_SECONDS
    refusals.failed("launching", refusal("VcpuLimitExceeded"))
    assert len(said) == 3


def test_a_throttled_call_is_tried_again_and_only_said_if_it_happens_again() -> None:
    clock, said = TurnedClock(), Said()
    refusals = Refusals(clock.monotonic, said.say)
    refusals.failed("launching", refusal("Throttling"))
    assert (said, refusals.may("launching")) == ([], False)
    refusals.failed("launching", refusal("Throttling"))
    assert len(said) == 1


def test_what_nobody_tries_again_is_forgotten() -> None:
    clock = TurnedClock()
    refusals = Refusals(clock.monotonic, Said().say)
    for number in range(100):
        refusals.failed(f"ending i-{number}", refusal("AccessDenied"))
        clock.seconds += SAY_AGAIN_SECONDS
    assert len(refusals._refused) < 5


def test_what_works_again_is_forgotten() -> None:
    clock, said = TurnedClock(), Said()
    refusals = Refusals(clock.monotonic, said.say)
    refusals.failed("launching", refusal("UnauthorizedOperation"))
    refusals.passed("launching")
    assert refusals.may("launching")
    refusals.failed("launching", refusal("UnauthorizedOperation"))
    assert len(said) == 2
