"""How long a call is tried again."""

from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.process import patience
from ansible.module_utils.process.failure import Failure
from ansible.module_utils.process.patience import (
    LAUNCH,
    NEW_DEAD_LETTERS,
    NEW_GROUP_S_RULES,
    NEW_QUEUE,
    QUEUE_NAME,
    patiently,
)
from botocore.exceptions import ClientError

DELAYS = [one for one in vars(patience).values() if isinstance(one, patience.Delay)]


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    steps: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", steps.append)
    return steps


def refusal(code: str, message: str = "no reason given") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


def refusing(problem: Exception, times: int) -> Callable[..., Any]:
    left = [problem] * times

    def call(**asked: Any) -> Any:
        if left:
            raise left.pop()
        return asked

    return call


@pytest.mark.parametrize("delay", DELAYS, ids=lambda delay: str(delay.codes[0]))
def test_a_delay_is_waited_for_as_long_as_it_may_last_and_no_longer(
    waited: list[float], delay: patience.Delay
) -> None:
    problem = refusal(delay.codes[0], delay.words)

    def late(**asked: Any) -> Any:
        if sum(waited) < delay.seconds - delay.step:
            raise problem
        return asked

    assert patiently(late, delay, a=1) == {"a": 1}
    waited.clear()
    with pytest.raises(ClientError):
        patiently(refusing(problem, 1000), delay)
    assert delay.seconds <= sum(waited) < delay.seconds + delay.step


def test_what_is_over_soon_is_seen_soon(waited: list[float]) -> None:
    patiently(refusing(refusal(QUEUE_NAME.codes[0]), 5), QUEUE_NAME)

    step = QUEUE_NAME.step
    assert waited == [step / 8, step / 4, step / 2, step, step]


def test_a_deleted_queue_s_name_is_waited_for_beyond_its_60_seconds(waited: list[float]) -> None:
    patiently(refusing(refusal(QUEUE_NAME.codes[0]), 16), QUEUE_NAME)

    assert sum(waited) >= 65


@pytest.mark.parametrize(
    "problem",
    [
        refusal("AccessDenied"),
        refusal("InvalidParameterValue", "Value 99999 for parameter VisibilityTimeout is invalid."),
        Failure("no such module"),
    ],
)
def test_what_does_not_pass_by_itself_is_told_at_once(waited: list[float], problem: Exception) -> None:
    with pytest.raises(type(problem)):
        patiently(refusing(problem, 1), NEW_QUEUE, NEW_DEAD_LETTERS, LAUNCH)
    assert waited == []


def test_whatever_ends_the_module_for_a_new_group_s_rules_may_pass(waited: list[float]) -> None:
    assert patiently(refusing(Failure("list index out of range"), 2), NEW_GROUP_S_RULES) == {}
    assert len(waited) == 2


def test_a_denial_of_a_new_group_s_rules_is_told_at_once(waited: list[float]) -> None:
    denied = Failure("An error occurred (UnauthorizedOperation) when calling AuthorizeSecurityGroupIngress")
    with pytest.raises(Failure):
        patiently(refusing(denied, 1), NEW_GROUP_S_RULES)
    assert waited == []
