"""Options of the command line, made from what the catalogue declares of parameters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Parameter, Text, Value, Whole
from jobfleet_jobs.operations.pipeline_steps import PipelineSteps


class _OneOf(click.Choice[str]):
    """A choice that knows what was meant where something like it was typed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as problem:
            meant = did_you_mean(str(value), map(str, self.choices))
            self.fail(f"{problem.message.rstrip('.')}{meant}", param, ctx)


def options(operation: Operation) -> list[click.Option]:
    """Return the options of an operation's own command."""
    return [_option(parameter) for parameter in operation.parameters]


def merged(operations: Iterable[Operation]) -> list[click.Option]:
    """Return options for the parameters of all `operations`, one for each name.

    None has a default here, and bounds are left to `Operation.check`, where they differ.
    """
    takers: dict[str, list[tuple[Operation, Parameter]]] = {}
    for operation in operations:
        for parameter in operation.parameters:
            takers.setdefault(parameter.name, []).append((operation, parameter))
    return [_merged(each) for each in takers.values()]


def given(parameters: Mapping[str, Any]) -> dict[str, Value]:
    """Return what was typed, without what was not."""
    return {name: value for name, value in parameters.items() if value is not None}


def example(operation: Operation) -> str:
    """Return options as they stand in an operation's example, with a space before each."""
    shown = [p for p in operation.parameters if p.required or p.name in operation.one_of]
    first = shown[:1] or [p for p in operation.parameters if p.default is not None][:1]
    return "".join(f" {_spelt(p)}" if isinstance(p, Flag) else f" {_spelt(p)} {p.example}" for p in first)


def _option(parameter: Parameter) -> click.Option:
    if isinstance(parameter, PipelineSteps):
        return _steps_option(parameter, parameter.help, required=parameter.required)
    if isinstance(parameter, Flag):
        return click.Option([_spelt(parameter), parameter.name], is_flag=True, help=parameter.help)
    # click takes a default of None for a value, with which nothing is missing.
    default: dict[str, Any] = {} if parameter.default is None else {"default": parameter.default}
    return click.Option(
        [_spelt(parameter), parameter.name], type=_type(parameter),
        required=parameter.required, show_default=parameter.default is not None, help=parameter.help,
        metavar=_metavar(parameter), **default,
    )  # fmt: skip


def _merged(takers: Sequence[tuple[Operation, Parameter]]) -> click.Option:
    first = takers[0][1]
    types = [_type(parameter) for _, parameter in takers]
    alike = len({parameter.bounds for _, parameter in takers}) == 1
    names = ", ".join(operation.name for operation, _ in takers)
    helps = {parameter.help for _, parameter in takers}
    words = f"{names}: {first.help}" if len(helps) == 1 else f"{names}: see the help of each."
    if isinstance(first, Flag):
        return click.Option([_spelt(first), first.name], is_flag=True, default=None, help=words)
    if isinstance(first, PipelineSteps):
        return _steps_option(first, words, required=False)
    kind = types[0] if alike else _unbounded(first)
    return click.Option([_spelt(first), first.name], type=kind, help=words, metavar=_metavar(first))


def _steps_option(parameter: PipelineSteps, words: str, *, required: bool) -> click.Option:
    """Return an option that is given once for each step, or once for several with `|` between them."""

    def read(ctx: click.Context, param: click.Parameter, typed: tuple[str, ...]) -> Value | None:
        try:
            steps = [step for text in typed for step in parameter.parse(text)]
            return parameter.check(steps) if steps else None
        except BadJob as problem:
            raise click.BadParameter(problem.message, ctx, param) from problem

    return click.Option(
        ["--step", parameter.name], multiple=True, required=required, callback=read, metavar="STEP",
        help=f"{words} Example: 'resize width=800'. Give one --step each, or several with '|' between.",
    )  # fmt: skip


def _unbounded(parameter: Parameter) -> Any:
    if isinstance(parameter, Whole):
        return click.INT
    return click.FLOAT if isinstance(parameter, Decimal) else click.STRING


def _spelt(parameter: Parameter) -> str:
    return "--" + parameter.name.replace("_", "-")


def _metavar(parameter: Parameter) -> str | None:
    return "TEXT" if isinstance(parameter, Text) else None


def _type(parameter: Parameter) -> Any:
    if isinstance(parameter, Whole):
        return click.IntRange(int(parameter.minimum), int(parameter.maximum))
    if isinstance(parameter, Decimal):
        return click.FloatRange(parameter.minimum, parameter.maximum)
    if isinstance(parameter, Choice):
        return _OneOf(parameter.choices)
    return click.STRING
