"""The form of an operation, made from its declaration, for browsers that run no JavaScript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Parameter, Whole
from jobfleet_jobs.operations.pipeline_steps import PipelineSteps

# The operation that a newcomer finds chosen: every worker does it, it needs no parameters, and shows well.
FIRST = "greyscale"


@dataclass(frozen=True)
class Offering:
    """An operation in the list to choose from; one that is not `offered` cannot be chosen."""

    operation: Operation
    offered: bool = True


@dataclass(frozen=True)
class Field:
    """One parameter as a field: `kind` is whole, decimal, choice, flag or text. Values are as typed."""

    parameter: Parameter
    kind: str
    value: str
    choices: Sequence[str] = ()
    hint: str = ""
    minimum: str = ""
    maximum: str = ""

    @property
    def label(self) -> str:
        """Its name as people read it."""
        return self.parameter.name.replace("_", " ").capitalize()


def offerings(offered: Mapping[str, Operation] | None) -> list[Offering]:
    """Return all operations: jobfleet's own first. `offered` is None if nobody could say what is."""
    if offered is None:
        return [Offering(operation) for operation in OPERATIONS.values()]
    own = [Offering(operation, name in offered) for name, operation in OPERATIONS.items()]
    return own + [Offering(operation) for name, operation in offered.items() if name not in OPERATIONS]


def chosen(among: Sequence[Offering], name: str) -> Operation:
    """Return the operation called `name` if it is offered; else the first that a newcomer would take."""
    by_name = {each.operation.name: each.operation for each in among if each.offered}
    return by_name.get(name) or by_name.get(FIRST) or next(iter(by_name.values()), OPERATIONS[FIRST])


def fields_of(operation: Operation) -> list[Field]:
    """Return the fields of an operation's form, defaults filled in."""
    return [_field(parameter) for parameter in operation.parameters]


def _field(parameter: Parameter) -> Field:
    value = "" if parameter.default is None else _typed(parameter.default)
    if isinstance(parameter, Choice):
        return Field(parameter, "choice", value, parameter.choices)
    if isinstance(parameter, Flag):
        return Field(parameter, "flag", value)
    if isinstance(parameter, Whole | Decimal):
        kind = "whole" if isinstance(parameter, Whole) else "decimal"
        bounds = f"{parameter.minimum:g}", f"{parameter.maximum:g}"
        if isinstance(parameter, Whole):
            bounds = str(parameter.minimum), str(parameter.maximum)
        return Field(parameter, kind, value, (), parameter.bounds, *bounds)
    if isinstance(parameter, PipelineSteps):
        return Field(parameter, "text", value, (), "for example: resize width=800 | greyscale")
    return Field(parameter, "text", value, (), parameter.bounds)


def _typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
