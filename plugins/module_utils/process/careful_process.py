"""Ansible's own process made careful: it prints no secret, and no program keeps its search for keys waiting.

Everything that Ansible prints goes through one method, warnings of the inventory and results of foreign
modules too, and all that botocore signs and finds through two more. They are wrapped, once in a process.
"""

from __future__ import annotations

import functools
from typing import Any

import botocore.credentials
import botocore.session
from ansible.utils.display import Display
from jobfleet_jobs.credentials.fitness import strip_environment
from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.credentials.session_guard import check_before_signing, guard_search


def be_careful() -> None:
    """Make this process careful, with those that it forks; more than once is no more than once."""
    # A carriage return behind a token comes from a script with Windows' line ends. Modules that have
    # processes of their own get the environment as it is here.
    strip_environment()
    if hasattr(Display.display, "careful"):
        return
    Display.display = _careful(Display.display)
    botocore.session.Session.__init__ = _checking(botocore.session.Session.__init__)
    search = botocore.credentials.create_credential_resolver
    botocore.credentials.create_credential_resolver = lambda *given, **named: guard_search(
        search(*given, **named)
    )


def _checking(make: Any) -> Any:
    @functools.wraps(make)
    def make_checking(self: botocore.session.Session, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        check_before_signing(self)

    return make_checking


def _careful(display: Any) -> Any:
    @functools.wraps(display)
    def display_redacted(self: Display, msg: str, *given: Any, **named: Any) -> None:
        display(self, redact(msg), *given, **named)

    display_redacted.careful = True  # type: ignore[attr-defined]
    return display_redacted
