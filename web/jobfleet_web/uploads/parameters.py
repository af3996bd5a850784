"""An operation and its parameters from texts, as fields and queries bring them."""

from collections.abc import Collection, Mapping
from typing import Any

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Parameter, Value
from jobfleet_jobs.operations.pipeline_steps import PipelineSteps

from jobfleet_web.problems import Problem, told


def named_operation(name: str, known: Mapping[str, Operation]) -> Operation:
    """Return the operation of that name. Raises `Problem` with those there are."""
    if name in known:
        return known[name]
    there = ", ".join(known)
    if not name:
        raise Problem(
            400, "operation-missing", "the request names no operation",
            mend=f"Give the field or query parameter `operation`: {there}.",
        )  # fmt: skip
    raise Problem(
        400, "unknown-operation", f"operation {shown(name)} is unknown{did_you_mean(name, known)}",
        mend=f"Give one of {there}.", more={"value": told(name)},
    )  # fmt: skip


def read_parameters(
    operation: Operation, texts: Mapping[str, str], others: Collection[str] = ()
) -> dict[str, Value]:
    """Return the parameters that `texts` give, as values. Raises `Problem` for a name or value that is none.

    `others` may be given beside the operation's own; they are left out of what is returned.
    """
    known = {parameter.name: parameter for parameter in operation.parameters}
    read: dict[str, Value] = {}
    for name, text in texts.items():
        if name in others:
            continue
        parameter = known.get(name.replace("-", "_"))
        if parameter is None:
            problem = operation.no_such_parameter(name, others)
            raise _refused(problem, f"Give one of {', '.join([*known, *others])}.", name)
        try:
            read[parameter.name] = _read(parameter, text)
        except BadJob as refusal:
            raise _refused(refusal, f"Give {parameter.bounds}.", text, parameter.name) from None
    return read


def typed_parameters(operation: Operation, given: Mapping[str, Any]) -> dict[str, Value]:
    """Return parameters that came with their types, as JSON has them. Raises `Problem`."""
    known = {parameter.name: parameter for parameter in operation.parameters}
    typed: dict[str, Value] = {}
    for name, value in given.items():
        parameter = known.get(name)
        if parameter is None:
            raise _refused(operation.no_such_parameter(name), f"Give one of {', '.join(known)}.", name)
        try:
            typed[name] = parameter.check(value)
        except BadJob as refusal:
            raise _refused(refusal, f"Give {parameter.bounds}.", value, name) from None
    return typed


def checked_parameters(operation: Operation, read: Mapping[str, Any]) -> dict[str, Value]:
    """Return the parameters if all that must be given is there; what has a default may be left out.

    Raises `Problem`.
    """
    try:
        operation.check(read)
    except BadJob as problem:
        needed = [one for one in operation.parameters if one.required or one.name in operation.one_of]
        mend = "; ".join(f"{one.name}: {one.bounds}" for one in needed)
        raise _refused(problem, f"Give {mend}.", None) from None
    return dict(read)


def _read(parameter: Parameter, text: str) -> Value:
    if isinstance(parameter, PipelineSteps) and text.lstrip().startswith("["):
        try:
            return parameter.check(parse(text))
        except ValueError:
            raise parameter.refusal(text, "steps as JSON, or as 'resize width=800 | greyscale'") from None
    return parameter.read(text.strip())


def _refused(problem: BadJob, mend: str, value: object, parameter: str = "") -> Problem:
    more = {
        name: told(given)
        for name, given in (("value", value), ("parameter", parameter))
        if given not in (None, "")
    }
    return Problem(400, problem.code, problem.message, mend=mend, more=more)
