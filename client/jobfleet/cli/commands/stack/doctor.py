"""`jobfleet doctor`: a test of each link from this machine to a worker."""

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options

if TYPE_CHECKING:
    from jobfleet.doctor.links import Link

# Beside each state its mark, for terminals that have it and for those that do not, and its colour.
_MARKS = {
    "ok": ("✓", "ok", "green"),
    "note": ("!", "!", "yellow"),
    "broken": ("✗", "BROKEN", "red"),
    "skipped": ("–", "-", None),  # noqa: RUF001
}


@click.command(epilog=examples("jobfleet doctor", "jobfleet doctor --no-write --json"))
@click.option("--no-write", is_flag=True, help="Write nothing: no upload, no reply queue, no job.")
@with_shared_options()
def doctor(invocation: Invocation, no_write: bool) -> int:
    """Test every link from the credentials to a worker's answer, and say how to fix the broken one.

    The links are tested in order, the last one with a real job. The command stops at the first broken
    link, with the exit code of its kind. A link that works but could be better gets a note. What the
    test writes, a small object under uploads/ and a reply queue, is removed again.
    """
    from jobfleet.doctor.checks import Examination
    from jobfleet.doctor.links import test_links

    examination = Examination(invocation.given, invocation.timeout, write=not no_write)
    links = []
    try:
        for link in test_links(examination, lambda name: invocation.output.waiting(f"testing: {name}")):
            links.append(link)
            if not invocation.as_json:
                sys.stdout.write(_line(link) + "\n")
                sys.stdout.flush()
    finally:
        examination.close()
    code = next((link.exit for link in links if link.exit), 0)
    if invocation.as_json:
        shown = {"links": [{**asdict(link), "exit": int(link.exit)} for link in links], "exit": int(code)}
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    return int(code)


def _line(link: "Link") -> str:
    from jobfleet_jobs.durations import duration

    from jobfleet.doctor.links import LINKS

    mark, plain, colour = _MARKS[link.state]
    encoding = sys.stdout.encoding or "ascii"
    if mark.encode(encoding, "ignore").decode(encoding) != mark:
        mark = plain
    if colour and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        mark = click.style(mark, fg=colour)
    took = f" ({duration(link.seconds)})" if link.seconds is not None and link.seconds >= 0.001 else ""
    return f"{mark} {link.name:<{max(map(len, LINKS))}}  {link.words}{took}"
