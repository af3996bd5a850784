"""The options that `bench http` and `bench jobs` share, and the scenario that they ask for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from jobfleet.cli.option_values import complete_files

if TYPE_CHECKING:
    from jobfleet.bench.scenario.scenario import Scenario

_LISTS = ("--clients", "--concurrency")


class WholeNumbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers above 0, with commas between them."""

    name = "numbers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read them."""
        if isinstance(value, tuple):
            return value
        words = [word for word in str(value).split(",") if word]
        if not words or not all(word.isascii() and word.isdigit() and int(word[:9]) > 0 for word in words):
            self.fail(f"{value!r}: give whole numbers above 0, such as 10, or 1 10 50", param, ctx)
        return tuple(int(word[:9]) for word in words)


class LoadCommand(click.Command):
    """Takes several numbers after one option, as in `--clients 1 10 50`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, with the numbers of a list as one word."""
        return super().parse_args(ctx, lists_joined(args))


def lists_joined(args: Sequence[str]) -> list[str]:
    """Return `--clients 1 10 50` as `--clients 1,10,50`, and all else as it is."""
    joined: list[str] = []
    in_list = False
    for word in args:
        is_number = word.isascii() and word.isdigit()
        if in_list and is_number and joined[-1] not in _LISTS:
            joined[-1] += f",{word}"
            continue
        in_list = word in _LISTS or (in_list and is_number)
        joined.append(word)
    return joined


def with_load_options(
    clients: str, requests: int, warm_up: int
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options to a command; `clients` is what that option is called, the others are defaults."""
    options = (
        click.option(
            "--requests", type=click.IntRange(min=1), metavar="N",
            help=f"Requests of each phase [default: {requests:,}, or as many as --duration has time for].",
        ),
        click.option(
            clients, "clients", type=WholeNumbers(), metavar="N [N ...]",
            help="How many at a time, each sending again once it is answered; each number is a phase of its "
            "own [default: 10].",
        ),
        click.option(
            "--rate", type=click.FloatRange(min=0, min_open=True), metavar="R",
            help="Send R requests a second at chance times (Poisson), whether others were answered or not.",
        ),
        click.option(
            "--duration", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
            help="End a phase after so long.",
        ),
        click.option(
            "--warm-up", type=click.IntRange(min=0), metavar="N",
            help=f"Requests to each target before, which are not measured [default: {warm_up}].",
        ),
        click.option(
            "--scenario", metavar="FILE", shell_complete=complete_files,
            help="Phases from a file, or `assignment`: 1,000 requests; then 500, a pause of 60 s, and 1,000.",
        ),
        click.option(
            "--rounds", type=click.IntRange(min=1), metavar="N",
            help="Do everything N times, each time with the targets in the other order.",
        ),
        click.option(
            "--seed", type=int, default=1, show_default=True, metavar="N",
            help="The same seed gives the same chance times and the same bounds.",
        ),
        click.option(
            "--csv", "csv_file", metavar="FILE", shell_complete=complete_files,
            help="Write a line for each request.",
        ),
        click.option(
            "--plots", metavar="FOLDER", shell_complete=complete_files,
            help="Draw latency, throughput and share by instance, as PNG and SVG.",
        ),
    )  # fmt: skip

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def scenario_of(options: dict[str, Any], requests: int, warm_up: int) -> "Scenario":
    """Return what is asked for; `requests` and `warm_up` count if nothing is said. Raises `BadInput`."""
    from dataclasses import replace

    from jobfleet.bench.scenario.scenario import CLIENTS, Phase, Scenario
    from jobfleet.bench.scenario.scenario_file import find_scenario

    given = options["requests"], options["duration"], options["rate"]
    if options["scenario"] is not None:
        if any(value is not None for value in given):
            raise click.UsageError("--scenario has its phases: leave out --requests, --duration and --rate.")
        found = find_scenario(options["scenario"])
    else:
        if options["rate"] is not None and options["clients"]:
            raise click.UsageError("Give clients (closed loop) or --rate (open loop), but not both.")
        count = options["requests"]
        if count is None and options["duration"] is None:
            count = requests
        name = f"{count:,} requests" if count else f"{options['duration']:g} s"
        found = Scenario((Phase(name, count, options["duration"], None, options["rate"]),), warm_up)
    scenario = found.with_clients(options["clients"] or (CLIENTS,))
    for name in ("warm_up", "rounds"):
        if options[name] is not None:
            scenario = replace(scenario, **{name: options[name]})
    scenario.check()
    return scenario
