"""`jobfleet config`: what the client found, and where."""

import json
import sys

import click

from client.invocation import Invocation, examples, with_shared_options


@click.command(epilog=examples("jobfleet config", "jobfleet config --ask --json"))
@click.option("--ask", is_flag=True, help="Ask AWS too: for the account, and what the stack publishes.")
@with_shared_options()
def config(invocation: Invocation, ask: bool) -> None:
    """Show every setting, its value and where it is from.

    Without --ask nothing is sent. Of the credentials only the two ends of the key's id are shown.
    What is missing is shown as a dash, and then told as an error, after everything else.
    """
    from client import configuration
    from client.settings import Found

    found = configuration.look(
        invocation.given, Found(f"{invocation.timeout:g} s", invocation.timeout_source)
    )
    if ask and not found.trouble:
        with invocation.output.waiting("asking AWS"):
            configuration.ask(found, invocation.account())
    if invocation.as_json:
        shown = {name: {"value": one.value, "source": one.source} for name, one in found.values.items()}
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    else:
        names = max(map(len, found.values))
        values = max(len(one.value or "-") for one in found.values.values())
        for name, one in found.values.items():
            line = f"{name:<{names}}  {one.value or '-':<{values}}  {one.source or 'not set'}"
            sys.stdout.write(line.rstrip() + "\n")
    if found.trouble:
        raise found.trouble
