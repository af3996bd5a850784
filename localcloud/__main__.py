"""The command line: `python -m localcloud up|down|status|env`."""

import json
import os
import shlex
import sys

import click

from localcloud import commands
from localcloud.errors import LocalcloudError
from localcloud.state import RunFolder

# Exit codes: 0 done, 1 not up or failed, 2 wrong usage (click's own).
_FAILED = 1


def _say(words: str) -> None:
    click.echo(f"localcloud: {words}", err=True)


@click.group()
def main() -> None:
    """Serve an AWS of your own on this machine, with real Debian hosts for EC2.

    stdout is data, stderr is talk. Exit codes: 0 done; 1 failed, or not up; 2 wrong usage.
    """


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Listen on this port of 127.0.0.1 and no other.")
def up(port: int | None) -> None:
    """Start it, unless it is up; clean up first what a killed one left."""
    commands.up(RunFolder.of_environment(), port, _say)


@main.command()
def down() -> None:
    """Stop it and remove hosts, mounts and files; only the base image stays in the cache."""
    commands.down(RunFolder.of_environment(), _say)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
def status(as_json: bool) -> None:
    """Say whether it is up, whether hosts can be booted, and which there are."""
    found = commands.status(RunFolder.of_environment())
    click.echo(json.dumps(found) if as_json else commands.status_words(found))
    if not found["up"]:
        sys.exit(_FAILED)


@main.command()
def env() -> None:
    """Print shell lines that point AWS programs here: eval "$(python -m localcloud env)"."""
    found = commands.environment(RunFolder.of_environment())
    click.echo(f"unset {' '.join(commands.variables_in_the_way(os.environ))}")
    for name, value in found.items():
        click.echo(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    try:
        main(prog_name="python -m localcloud")
    except LocalcloudError as error:
        _say(str(error))
        sys.exit(_FAILED)
    except PermissionError as error:
        _say(f"{error}: run it as the user who started the cloud")
        sys.exit(_FAILED)
