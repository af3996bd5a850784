"""`jobfleet config`: the client's settings, and where each was found."""

import json
import sys
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.errors import FleetError

if TYPE_CHECKING:
    from jobfleet.settings.settings import SettingValue


@click.command(epilog=examples("jobfleet config", "jobfleet config --ask --json"))
@click.option("--ask", is_flag=True, help="Also ask AWS for the account and for what the stack publishes.")
@with_shared_options()
def config(invocation: Invocation, ask: bool) -> None:
    """Show every setting, its value and where it was found.

    Without --ask, nothing is sent. Of the credentials, only the two ends of the key id are shown. A
    missing value is shown as a dash. After everything else it is reported as an error.
    """
    from jobfleet.doctor import configuration

    timeout, trouble = _timeout(invocation)
    found = configuration.find_configuration(invocation.given, timeout)
    found.trouble = found.trouble or trouble
    if ask and not found.trouble:
        with invocation.output.waiting("asking AWS"):
            configuration.ask(found, invocation.account())
    if invocation.as_json:
        shown = {name: {"value": one.value, "source": one.source} for name, one in found.values.items()}
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    else:
        words = {name: _for_people(name, one) for name, one in found.values.items()}
        names, values = max(map(len, words)), max(map(len, words.values()))
        for name, one in found.values.items():
            line = f"{name:<{names}}  {words[name]:<{values}}  {one.source or 'not set'}"
            sys.stdout.write(line.rstrip() + "\n")
    if found.trouble:
        raise found.trouble


def _timeout(invocation: Invocation) -> "tuple[SettingValue, FleetError | None]":
    from jobfleet.settings.settings import SettingValue

    try:
        return SettingValue(f"{invocation.timeout:g} s", invocation.timeout_source), None
    except FleetError as problem:
        return SettingValue(None, invocation.timeout_source), problem


def _for_people(name: str, one: "SettingValue") -> str:
    from jobfleet_jobs.durations import duration
    from jobfleet_jobs.protocol.names import DESCRIPTION_KEY

    from jobfleet.human_text import size

    if one.source != DESCRIPTION_KEY or not (one.value or "").isdigit():
        return one.value or "-"
    number = int(one.value or 0)
    if name.endswith("_bytes"):
        return f"{size(number)} ({number:,} B)"
    return duration(number) if name in ("job_time_limit", "visibility_timeout") else f"{number:,}"
