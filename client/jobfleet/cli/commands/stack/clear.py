"""`jobfleet clear`: the emptying of the stack's queues."""

import click

from jobfleet.cli.clear_queues import clear_queues, kinds_of
from jobfleet.cli.invocation import Invocation, examples, with_shared_options


@click.command(epilog=examples("jobfleet clear", "jobfleet clear --requests --yes"))
@click.option("--requests", is_flag=True, help="Requests that no worker has taken yet.")
@click.option("--responses", is_flag=True, help="Answers that nobody has a reply queue for.")
@click.option("--dead", is_flag=True, help="Dead letters; look at them first with `jobfleet dead list`.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option(
    "--no-wait",
    is_flag=True,
    help="Fail instead of waiting where AWS was asked to empty a queue less than a minute ago.",
)
@with_shared_options()
def clear(
    invocation: Invocation, requests: bool, responses: bool, dead: bool, yes: bool, no_wait: bool
) -> None:  # fmt: skip
    """Empty the stack's queues: those of requests and responses, or those named.

    Says what would go and asks first; without a terminal to ask on, --yes is needed. Jobs that a
    worker has in hand are not cleared: they are finished and their results stored, but not tried
    again should their worker die. Results in the bucket stay, and so do the reply queues of other
    clients.

    AWS takes up to a minute to empty a queue, and what is sent to it in that minute may go too. It
    does so once a minute: with a clearing under way, this one waits for its turn.
    """
    kinds = kinds_of(requests, responses, dead)
    clear_queues(invocation, kinds, yes=yes, wait=not no_wait)
