"""The kind of parameter that is several operations, one after the other.

In a request it is a list of objects, `{"operation": "resize", "parameters": {"width": 800}}`. A person
types `resize width=800 | greyscale`: the steps apart by `|`, parameters as in the request.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Flag, Parameter, Value

STEPS_MAX = 20


@dataclass(frozen=True)
class PipelineSteps(Parameter):
    """1 to `STEPS_MAX` of `operations`, each with the parameters it declares itself."""

    kind: ClassVar[str] = "steps"

    operations: tuple[Operation, ...] = ()

    @property
    def bounds(self) -> str:
        """How many of which."""
        return f"1 to {STEPS_MAX} of {', '.join(operation.name for operation in self.operations)}"

    def check(self, value: Any) -> Value:
        """Return the steps with their defaults filled in. Raises `BadJob` that says which step is bad."""
        if not isinstance(value, list) or not 1 <= len(value) <= STEPS_MAX:
            shape = '[{"operation": …, "parameters": {…}}, …]'
            raise self.refusal(value, f"1 to {STEPS_MAX} steps as {shape}")
        return [self._checked(number, step) for number, step in enumerate(value, 1)]

    def read(self, text: str) -> Value:
        """Return the steps that `text` stands for, unchecked but for what cannot be read. Raises `BadJob`."""
        return self.check(self.parse(text))

    def parse(self, text: str) -> list[dict[str, Any]]:
        """Return the steps in `text`, of which there may be none. Raises `BadJob`."""
        words = shlex.shlex(text, posix=True, punctuation_chars="|")
        words.whitespace_split, words.commenters = True, ""
        steps: list[list[str]] = [[]]
        try:
            for word in words:
                if word.strip("|"):
                    steps[-1].append(word)
                else:
                    steps.extend([] for _ in word)
        except ValueError as problem:
            raise self.refusal(text, f"steps with quotes that end: {problem}") from None
        if not all(steps):
            raise self.refusal(
                text, "an operation between each two '|', as in 'resize width=800 | greyscale'"
            )
        return [self._read(number, *step) for number, step in enumerate(steps, 1)]

    def _read(self, number: int, name: str, *words: str) -> dict[str, Any]:
        operation = self._operation(number, name)
        known = {parameter.name: parameter for parameter in operation.parameters}
        typed: dict[str, Any] = {}
        for word in words:
            called, equals, value = word.partition("=")
            called = called.lstrip("-").replace("-", "_")
            parameter = known.get(called)
            if parameter is None:
                # `Operation.check` says it in words that name the others.
                self._in_step(number, name, operation.check, {called: value})
            elif not equals and not isinstance(parameter, Flag):
                raise BadJob("bad-parameter", f"step {number} ({name}): give {called} a value, as {called}=…")
            else:
                text = value if equals else "true"
                typed[called] = self._in_step(number, name, parameter.read, text)
        return {"operation": name, "parameters": typed}

    def _checked(self, number: int, step: Any) -> dict[str, Any]:
        name = step.get("operation") if isinstance(step, Mapping) else None
        given = step.get("parameters", {}) if isinstance(step, Mapping) else None
        if (
            not isinstance(name, str)
            or not isinstance(given, Mapping)
            or not set(step) <= {"operation", "parameters"}
        ):
            raise BadJob(
                "bad-parameter",
                f"step {number} is {shown(step)}: give an object with operation and, if need be, parameters",
            )
        operation = self._operation(number, name)
        return {"operation": name, "parameters": self._in_step(number, name, operation.check, given)}

    def _operation(self, number: int, name: str) -> Operation:
        for operation in self.operations:
            if operation.name == name:
                return operation
        there = ", ".join(operation.name for operation in self.operations)
        raise BadJob("bad-parameter", f"step {number}: {shown(name)} cannot be a step; there are {there}")

    def _in_step(self, number: int, name: str, check: Any, value: Any) -> Any:
        try:
            return check(value)
        except BadJob as problem:
            raise BadJob(problem.code, f"step {number} ({name}): {problem.message}") from problem
