"""The command line: `python -m localcloud COMMAND`."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from localcloud.commands import lab as lab_commands
from localcloud.commands import trouble, up_and_down
from localcloud.door.call_log import parse_since, read_calls, summary
from localcloud.errors import LocalcloudError
from localcloud.iam.keyring import HOME_ACCOUNT, LAB_MINUTES
from localcloud.state import ROLE_SECONDS, TIME_SCALE, VCPUS, Delays, RunFolder

# Exit codes: 0 done, 1 not up or failed, 2 wrong usage (click's own).
_FAILED = 1


def _say(words: str) -> None:
    click.echo(f"localcloud: {words}", err=True)


@click.group()
def main() -> None:
    """Serve an AWS of your own on this machine, with real Debian hosts for EC2.

    stdout is data, stderr is talk. Exit codes: 0 done; 1 failed, or not up; 2 wrong usage.
    """


def _lateness(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how late the cloud is; see `state.Delays`."""
    seconds = click.FloatRange(min=0)
    for option in (
        click.option(
            "--queue-names-after", type=seconds, default=Delays.queue_names_after, show_default=True,
            help="Seconds until the name of a deleted queue may be used again.",
        ),
        click.option(
            "--metrics-after", type=seconds, default=Delays.metrics_after, show_default=True,
            help="Seconds until CloudWatch has metrics of a new balancer or an idle queue; on AWS up to 900.",
        ),
        click.option(
            "--events-after", type=seconds, default=Delays.events_after, show_default=True,
            help="Seconds until a bucket's new notifications are in force; on AWS typically 300.",
        ),
        click.option(
            "--eventual", type=click.IntRange(0), default=Delays.eventual, show_default=True,
            help="So many calls of each kind do not see what was just made, or still see what was removed.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Listen on this port of 127.0.0.1 and no other.")
@click.option("--lab", is_flag=True, help="Hold it to the limits of an AWS Academy Learner Lab.")
@click.option("--iam", is_flag=True, help="Hold IAM users and roles to their policies from the start.")
@click.option(
    "--role-seconds",
    type=click.IntRange(1),
    default=ROLE_SECONDS,
    show_default=True,
    help="How long the keys live that instances get for their role.",
)
@click.option(
    "--role-delay",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="How many seconds after its start an instance has no keys for its role, as can be on AWS.",
)
@click.option(
    "--vcpus",
    type=click.IntRange(0),
    default=VCPUS,
    show_default=True,
    help="How many vCPUs an account's instances may have in a region.",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=1),
    default=TIME_SCALE,
    show_default=True,
    help="Let periods of alarms, time-outs of hooks, cooldowns and the like pass so many times faster.",
)
@click.option(
    "--while",
    "lives_with",
    type=click.IntRange(1),
    metavar="PID",
    help="End it, with its hosts, when the process of this id ends, however that ends.",
)
@_lateness
def up(
    port: int | None,
    lab: bool,
    iam: bool,
    role_seconds: int,
    role_delay: int,
    vcpus: int,
    time_scale: float,
    lives_with: int | None,
    **lateness: Any,
) -> None:
    """Start it, unless it is up; clean up first what a killed one left."""
    delays = Delays(**lateness)
    wishes = up_and_down.Wishes(
        port, lab, iam, role_seconds, role_delay, vcpus, delays, time_scale, lives_with
    )
    up_and_down.up(RunFolder.of_environment(), wishes, _say)


@main.command()
def down() -> None:
    """Stop it and remove hosts, mounts and files; only the base image stays in the cache."""
    up_and_down.down(RunFolder.of_environment(), _say)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
def status(as_json: bool) -> None:
    """Say whether it is up, whether hosts can be booted, and which there are."""
    found = up_and_down.status(RunFolder.of_environment())
    click.echo(json.dumps(found) if as_json else up_and_down.status_words(found))
    if not found["up"]:
        sys.exit(_FAILED)


@main.command()
def env() -> None:
    """Print shell lines that point AWS programs here: eval "$(python -m localcloud env)"."""
    found = up_and_down.environment(RunFolder.of_environment())
    click.echo(f"unset {' '.join(up_and_down.variables_in_the_way(os.environ))}")
    for name, value in found.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _seconds(minutes: float | None, seconds: float | None) -> float | None:
    if minutes is not None and seconds is not None:
        raise click.UsageError("--minutes and --seconds exclude each other")
    return minutes * 60 if minutes is not None else seconds


def _lifetime(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say for how long a key lives, and whose it is."""
    positive = click.FloatRange(min=0, min_open=True)
    for option in (
        click.option("--account", type=_AccountId(), help="Make a key of this account, 12 digits."),
        click.option("--seconds", type=positive, help="Let it die after so many seconds."),
        click.option("--minutes", type=positive, help=f"Let it die after so many minutes [{LAB_MINUTES}]."),
    ):
        command = option(command)
    return command


class _AccountId(click.ParamType[str]):
    name = "account"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if len(value) != 12 or not (value.isascii() and value.isdecimal()):
            self.fail(f"{value!r} is no account id: it has 12 digits", param, ctx)
        return value


@main.command()
@_lifetime
@click.option("--policy", type=click.Path(path_type=Path), help="Let it do only what this file allows.")
@click.option("--cancelled", is_flag=True, help="Make one whose session in the lab has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
def credentials(
    minutes: float | None,
    seconds: float | None,
    account: str | None,
    policy: Path | None,
    cancelled: bool,
    as_json: bool,
) -> None:
    """Print a new key as the lab shows it, to be put into ~/.aws/credentials."""
    run, lives = RunFolder.of_environment(), _seconds(minutes, seconds)
    if cancelled and (lives or policy):
        raise click.UsageError("--cancelled goes with --account and --json alone")
    found = (
        lab_commands.cancelled_credentials(run, account)
        if cancelled
        else lab_commands.credentials(run, lives, account, policy)
    )
    click.echo(json.dumps(found) if as_json else found["block"], nl=as_json)


@main.group()
def session() -> None:
    """Do what the lab does when a session ends and when the next begins."""


@session.command()
def cancel() -> None:
    """Cancel all keys but the one of `env`, as at a session's end, and leave the instances as they are."""
    lab_commands.cancel_keys(RunFolder.of_environment(), _say)


@session.command()
def expire() -> None:
    """Let all keys die but the one of `env`, and leave the instances as they are."""
    lab_commands.expire_keys(RunFolder.of_environment(), _say)


@session.command()
def end() -> None:
    """Cancel all keys but the one of `env`, and stop the instances that run."""
    lab_commands.end_session(RunFolder.of_environment(), _say)


@session.command()
@_lifetime
def start(minutes: float | None, seconds: float | None, account: str | None) -> None:
    """Print a new key and start the instances that the last session's end stopped."""
    run = RunFolder.of_environment()
    click.echo(lab_commands.start_session(run, _seconds(minutes, seconds), account, _say), nl=False)


@main.command()
@click.option("--since", default="", help="From a time on: ISO 8601, or so long ago as 90s, 5m, 2h.")
@click.option("--key", help="Only those of this access key id.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one entry for each action needed.")
def calls(since: str, key: str | None, as_json: bool) -> None:
    """List which IAM actions were called on which resources, and by which key."""
    try:
        begin = parse_since(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        raise click.BadParameter(f"{since!r} is no time: say 2026-01-31T12:00:00Z or 5m") from error
    rows = read_calls(RunFolder.of_environment().calls_log, begin, key)
    click.echo(json.dumps(list(rows)) if as_json else summary(rows))


@main.command()
@click.argument("state", type=click.Choice(["on", "off"]))
def iam(state: str) -> None:
    """Hold IAM users and roles to their policies, or let them do everything."""
    lab_commands.enforce_iam(RunFolder.of_environment(), state == "on", _say)


@main.command()
@click.argument("action")
@click.option("--times", type=click.IntRange(0), default=1, show_default=True, help="So many calls; 0: none.")
@click.option("--code", help="Refuse them with this error code, in place of an explicit deny.")
def refuse(action: str, times: int, code: str | None) -> None:
    """Let the next calls of ACTION fail, such as ec2:RunInstances, also those that a group makes itself."""
    trouble.refuse(RunFolder.of_environment(), action, times, code, _say)


@main.command()
@click.argument("group")
def rebalance(group: str) -> None:
    """Let GROUP balance its zones: it launches before it terminates, even beyond its maximum."""
    trouble.rebalance(RunFolder.of_environment(), group, _say)


@main.command()
@click.argument("instance")
def spot_notice(instance: str) -> None:
    """Tell a spot instance that EC2 takes it back in two minutes, and do so then."""
    lab_commands.give_spot_notice(RunFolder.of_environment(), instance, _say)


@main.command()
@click.argument("number", type=click.IntRange(0))
@click.option("--account", type=_AccountId(), default=HOME_ACCOUNT, show_default=True, help="Whose quota.")
def vcpus(number: int, account: str) -> None:
    """Let an account's instances have so many vCPUs in a region from now on."""
    lab_commands.give_vcpus(RunFolder.of_environment(), account, number, _say)


if __name__ == "__main__":
    try:
        main(prog_name="python -m localcloud")
    except LocalcloudError as error:
        _say(str(error))
        sys.exit(_FAILED)
    except PermissionError as error:
        _say(f"{error}: run it as the user who started the cloud")
        sys.exit(_FAILED)
