"""`jobfleet stats`: statistics of numbers."""

import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files
from jobfleet.errors import BadInput


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "jobfleet stats 1 2 3",
        "jobfleet stats --file numbers.txt --json",
        "seq 1000 | jobfleet stats -",
        "jobfleet stats --more --histogram 10 --file numbers.txt",
        "jobfleet stats --file people.csv --column height --column weight",
    ),
)
@click.argument("numbers", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--file", "-f", "file", metavar="FILE", help="Read the numbers from FILE; '-' is standard input.",
    shell_complete=complete_files,
)  # fmt: skip
@click.option(
    "--column", "-c", "columns", metavar="NAME", multiple=True,
    help="Read CSV and use the column that the first row calls NAME. Can be given several times.",
)  # fmt: skip
@click.option(
    "--more", is_flag=True, default=None, help="Also sum, quartiles, variance, standard deviation and mode."
)
@click.option(
    "--quantiles",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Also the values that cut the numbers into N equal parts; 100 for percentiles.",
)
@click.option(
    "--histogram",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Also how many numbers are in each of N bins of equal width.",
)
@with_shared_options()
def stats(
    invocation: Invocation, numbers: tuple[str, ...], file: str | None, columns: tuple[str, ...],
    **parameters: Any,
) -> None:  # fmt: skip
    """Compute count, mean, minimum, maximum and median of NUMBERS.

    Separate numbers by white space, commas or semicolons. '-' alone reads standard input.
    """
    text = numbers_text(numbers, file)
    given = {name: value for name, value in parameters.items() if value is not None}
    if columns:
        from jobfleet_jobs.numbers.csv_columns import typed_columns

        given["columns"] = typed_columns(columns)
    with invocation.fleet() as fleet:
        try:
            result = invocation.do(fleet, "stats", text, parameters=given)
        except BadInput as problem:
            hint = "\nfor a column of CSV give --column NAME" if _is_csv(file) and not columns else ""
            raise BadInput(f"{file}: {problem}{hint}" if file else str(problem)) from problem
        invocation.output.result(result)


def _is_csv(file: str | None) -> bool:
    return file is not None and file.casefold().endswith((".csv", ".tsv"))


def numbers_text(numbers: tuple[str, ...], file: str | None) -> str | Path | BinaryIO:
    """Return the text of numbers that were typed, or that stand in a file; of a large one, the file."""
    option = next((number for number in numbers if number.startswith("--")), None)
    if option:
        raise click.NoSuchOption(option)
    if numbers and file:
        raise click.UsageError("Give numbers or --file, not both.")
    from jobfleet.sending import prepare

    if numbers == ("-",) or file == "-":
        return prepare.piped_numbers(sys.stdin.buffer, "standard input")
    if file:
        return prepare.numbers_text(Path(file))
    if not numbers:
        raise click.UsageError("Give numbers, --file FILE, or '-' for standard input.")
    return " ".join(numbers)
