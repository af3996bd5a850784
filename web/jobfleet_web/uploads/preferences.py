"""How a sender wants to be answered: `Prefer` (RFC 7240), the dialects of load generators, HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from jobfleet_jobs.credentials.redaction import shown

from jobfleet_web.problems import Problem, told

_PREFERENCE = re.compile(
    r'\s*([A-Za-z0-9!#$%&\'*+.^_`|~-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s",;]*))?\s*(?:;[^,]*)?'
)

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Dialect(Enum):
    """In what form the answer of an upload goes out."""

    JSON = "json"
    LABEL = "myfile"  # the bare label
    NAMED_LABEL = "inputFile"  # the file's name without its ending, a colon, the label
    PAGE = "html"  # a redirect to the page of the batch


@dataclass(frozen=True)
class Preferences:
    """What `Prefer` asks for: not to wait at all, or how many seconds at most; None: nothing of that."""

    at_once: bool = False
    wait: float | None = None
    is_given: bool = False

    def seconds(self, default: float, most: float) -> float:
        """Return how long the answer may be waited for."""
        if self.at_once:
            return 0.0
        return default if self.wait is None else min(self.wait, most)

    def applied(self, seconds: float) -> str:
        """Return what of it was followed, for Preference-Applied; empty if it asked for nothing."""
        if self.at_once:
            return "respond-async"
        return "" if self.wait is None else f"wait={seconds:g}"


def preferences(values: Sequence[str]) -> Preferences:
    """Read the values of `Prefer`. What is unknown in them is passed over, as the RFC wants it."""
    at_once, wait = False, None
    for value in values:
        for one in value.split(","):
            name, _, given = one.partition(";")[0].partition("=")
            name, given = name.strip().lower(), given.strip().strip('"')
            if name == "respond-async":
                at_once = True
            elif name == "wait" and wait is None and given.isascii() and given.isdigit():
                wait = float(given[:9])
    return Preferences(at_once, wait, bool(values))


def dialect(fields: Sequence[str], accept: Sequence[str], preferred: Preferences) -> Dialect:
    """Return the form of the answer, by the fields that files came in and what the sender accepts."""
    accepted = ",".join(accept).replace(" ", "").lower()
    if "text/html" in accepted and "json" not in accepted:
        return Dialect.PAGE
    if not preferred.is_given and accepted in ("", "*/*") and len(fields) == 1:
        for one in (Dialect.LABEL, Dialect.NAMED_LABEL):
            if fields[0] == one.value:
                return one
    return Dialect.JSON


def idempotency_key(values: Sequence[str]) -> str | None:
    """Return the one value of Idempotency-Key, or None. Raises `Problem` for one that is none."""
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Problem(
            400, "bad-idempotency-key", f"Idempotency-Key is {shown(values[0])}",
            mend="Give one of 1 to 255 visible ASCII characters without blanks, such as a UUID.",
            more={"value": told(values[0])},
        )  # fmt: skip
    return values[0]
