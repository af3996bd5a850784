"""How calls of Auto Scaling are answered: what they ask for, in which place, and how a refusal is said."""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import GroupError, invalid

Asked = dict[str, Any]
Answer = Callable[[Place, Asked], dict[str, Any] | None]

_MARK = "answers_a_call"


def answering(answer: Answer) -> Callable[[AutoScalingResponse], ActionResult]:
    """Make a method of moto's responses of a function of place and parameters; its name is the call's."""

    @functools.wraps(answer)
    def method(response: AutoScalingResponse) -> ActionResult:
        place = Place(response.current_account, response.region)
        try:
            found = answer(place, dict(response._get_params()))
        except GroupError as error:
            raise AutoscalingClientError(error.code, str(error)) from error
        return EmptyResult() if found is None else ActionResult(found)

    setattr(method, _MARK, True)
    return method


def answers(module: ModuleType) -> dict[str, Callable[[AutoScalingResponse], ActionResult]]:
    """Return the methods in a module that answer calls, by name."""
    return {name: one for name, one in vars(module).items() if getattr(one, _MARK, False)}


def required(asked: Asked, name: str) -> Any:
    """Return a parameter that has to be said. Raises `GroupError`."""
    if asked.get(name) is None:
        raise invalid(
            f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must "
            "not be null"
        )
    return asked[name]
