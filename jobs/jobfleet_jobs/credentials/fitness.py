"""Values that AWS can take as credentials: others are not sent, as libraries show what no header holds."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jobfleet_jobs.credentials.redaction import remember

if TYPE_CHECKING:
    _AmongAwsErrors = Exception
else:
    # It comes up in the middle of calls to AWS, and whoever expects botocore's errors there has to get this
    # one. Where there is no botocore, there are no such calls.
    try:
        from botocore.exceptions import BotoCoreError as _AmongAwsErrors
    except ImportError:
        _AmongAwsErrors = Exception

VARIABLES = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
}

_UNFIT = re.compile(r"[^\x21-\x7e]")
# A secret may have them, and no id of a key does:
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
_OF_SECRETS = re.compile(r"[/+=]")
_QUOTES = "\"'\u2018\u2019\u201c\u201d"


class UnusableCredentials(_AmongAwsErrors):
    """There are credentials that cannot be used: a clause that says why, and what to do, never a value."""

    def __init__(self, why: str) -> None:
        Exception.__init__(self, why)
        self.kwargs: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)


class UnreadableCredentials(UnusableCredentials):
    """What a sign-in or a role has left of credentials cannot be read, or made into new ones."""


class StrippedEnvironment(Mapping[str, str]):
    """The environment without white space around credentials: a script with Windows' line ends leaves it."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def __getitem__(self, name: str) -> str:
        value = self._environment[name]
        return value.strip() if name in VARIABLES.values() else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


def strip_environment() -> None:
    """Do away with white space around credentials in this process's own environment, for its children too."""
    for name, value in StrippedEnvironment().items():
        if value != os.environ[name]:
            os.environ[name] = value


def require_fit(frozen: Any, method: str = "", place: str = "") -> None:
    """Raise `UnusableCredentials` where a part of `frozen` is nothing that AWS can take; else remember it.

    `frozen` has botocore's `access_key`, `secret_key` and `token`. `method` is how they were found, by
    botocore's word; `place` says where, if that is known.
    """
    remember(frozen.secret_key, frozen.token)
    for name, variable in VARIABLES.items():
        value = getattr(frozen, name)
        if value and (why := why_unfit(value) or (why_no_id(value) if name == "access_key" else None)):
            # Some libraries take it from there themselves, and then call it explicit.
            if method == "env" or os.environ.get(variable, "").strip() == value.strip():
                raise UnusableCredentials(f"{variable} in the environment {why}: set it anew")
            called = variable.lower()
            raise UnusableCredentials(
                f"{called}{f' in {place}' if place else ''} {why}: put in its line anew, in one piece"
            )


def why_no_id(value: str) -> str | None:
    """Return a clause on a value that cannot be the id of a key; None for all others."""
    if _OF_SECRETS.search(value):
        return "is no id of a key, but may be the secret, which belongs beside it"
    return None


def why_unfit(value: str) -> str | None:
    """Return a clause on a value that AWS cannot take for a part of credentials; None for all others."""
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return "stands in quotes"
    found = _UNFIT.search(value)
    if not found:
        return None
    kind = {"\n": "a line break", "\r": "a carriage return", " ": "a blank", "\t": "a tab"}.get(
        found[0], f"the character U+{ord(found[0]):04X}"
    )
    return f"has {kind} in it (character {found.start() + 1} of {len(value)})"
