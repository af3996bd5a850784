"""`jobfleet clear`: the emptying of the stack's queues."""

import click

from jobfleet.cli.clear_queues import clear_queues, kinds_of
from jobfleet.cli.invocation import Invocation, examples, with_shared_options


@click.command(epilog=examples("jobfleet clear", "jobfleet clear --requests --yes"))
@click.option("--requests", is_flag=True, help="Requests that no worker has taken yet.")
@click.option("--responses", is_flag=True, help="Answers for clients without a reply queue.")
@click.option("--dead", is_flag=True, help="Dead letters; look at them first with `jobfleet dead list`.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option(
    "--no-wait",
    is_flag=True,
    help="Fail instead of waiting if AWS was asked to empty a queue less than a minute ago.",
)
@with_shared_options()
def clear(
    invocation: Invocation, requests: bool, responses: bool, dead: bool, yes: bool, no_wait: bool
) -> None:  # fmt: skip
    """Empty the queues of requests and responses, or the queues that you name.

    The command shows what would be deleted, and asks first. Without a terminal, it needs --yes. A job
    that a worker has in hand is finished, and its result is stored. But if its worker dies, the job is
    not tried again. A queue in which nothing waits is left alone. Results in the bucket stay, and so do
    the reply queues of other clients.

    AWS takes up to a minute to empty a queue. Messages that are sent meanwhile may be deleted too. AWS
    empties a queue once a minute at most: a second clearing waits for its turn.
    """
    kinds = kinds_of(requests, responses, dead)
    clear_queues(invocation, kinds, yes=yes, wait=not no_wait)
