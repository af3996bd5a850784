"""`jobfleet web`: where the page is, and the token that it asks for."""

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options

if TYPE_CHECKING:
    from jobfleet.stack.page.web_page import WebPage


@click.command(epilog=examples("jobfleet web", "jobfleet web --no-open --json"))
@click.option("--no-open", is_flag=True, help="Open no browser.")
@with_shared_options()
def web(invocation: Invocation, no_open: bool) -> None:
    """Show where the stack's page is and the token that it asks for, and open the page.

    The browser gets the address alone. Paste the token where it asks for a password. The user's name may be
    anything. The token is not part of the address: it would be in the browser's history, and every
    user of this machine could read it in the list of processes. Programs send it as a bearer token or as the
    password of HTTP Basic.

    Whoever has the token may use the page, so show it only to those who may. To replace it, run
    ansible-playbook site.yml -e web_token_new=true.

    No browser is opened if stdout is no terminal, with --json, without a screen, or if the page does not
    answer.
    """
    from jobfleet.cli.terminal.tables import show_facts
    from jobfleet.stack.page.web_page import find_page, trouble_of

    account = invocation.account()
    with invocation.output.waiting("asking AWS"):
        page = find_page(account)
    if invocation.as_json:
        sys.stdout.write(json.dumps(_for_machines(page)) + "\n")
        return
    show_facts({"page": ", ".join(one.url for one in page.addresses), "token": page.token})
    sys.stdout.flush()
    with invocation.output.waiting("asking the page"):
        troubles = [trouble_of(one.url) for one in page.addresses]
    for words in filter(None, troubles):
        invocation.output.say(f"warning: {words}")
    answering = [one for one, words in zip(page.addresses, troubles, strict=True) if not words]
    if answering and not no_open and sys.stdout.isatty() and _has_screen():
        _open(invocation, answering[0].url)


def _for_machines(page: "WebPage") -> dict[str, object]:
    return {"web": [{"url": one.url, "host": one.host} for one in page.addresses], "token": page.token}


def _has_screen() -> bool:
    """Tell whether there can be a browser with windows: one in the terminal would take it away."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _open(invocation: Invocation, url: str) -> None:
    import webbrowser

    if not webbrowser.open(url):
        invocation.output.say(f"no browser could be opened: open {url} yourself")
