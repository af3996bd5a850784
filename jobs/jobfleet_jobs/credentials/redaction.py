"""Texts without the secrets in them: by the values that this process has seen, and by the shapes of AWS's.

Every sentence of an error goes through `redact`, whichever library it comes from: a list of the sentences
that need it would lack the next one.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "<hidden>"

# Shorter ones are words that people use; AWS's secrets have 40 characters, its tokens hundreds.
VALUE_MIN = 12

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")

_seen: set[str] = set()

# What stands between a name and its value, in INI, shell, JSON, YAML, Python's dictionaries, and URLs.
_IS = r"""\\?["']?\s*(?:=|:|%3[DA])\s*(?:b?\\?["'])?"""
_NAMES = "|".join((
    r"(?:aws[-_]?)?secret(?:[-_]?(?:access[-_]?)?key)?", r"(?:aws[-_]?)?(?:session|security)[-_]?token",
    r"x-amz-(?:security-token|signature|s3session-token)",
    r"(?:access|refresh|bearer|id)[-_]?token", r"dpop[-_]?key", r"client[-_]?secret",
))  # fmt: skip
_SHAPES = (
    # What Python's HTTP says of a value that no header can hold. The quoted value may hold its own quotes.
    # One without an end goes on to the text's end: looking for its end from each such word anew is quadratic.
    re.compile(
        r"""(?P<kept>Invalid header value )b?\\?(?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)""", re.DOTALL
    ),
    re.compile(rf"""(?P<kept>\b(?:{_NAMES}){_IS})[^\s"'\\,;&<>]{{{VALUE_MIN},}}""", re.IGNORECASE),
    # A password in a URL, as of a proxy.
    re.compile(r"(?P<kept>://[^\s/@:]{0,200}:)[^\s/@]{1,500}(?=@)"),
    # The end of an Authorization header.
    re.compile(r"(?P<kept>\bSignature=)[0-9a-fA-F]{32,}"),
    # Session tokens of STS begin so, whatever stands around them.
    re.compile(r"(?P<kept>)\b(?:IQoJ|FwoG|FQoG|AQoD|AgoJ|AgoG)[A-Za-z0-9+/=_%-]{40,}"),
)
# Anything so long without a break in base64 is nothing that a person reads.
_LONG = re.compile(r"(?<![A-Za-z0-9+/._-])[A-Za-z0-9+/=]{120,}")
# A secret access key has 40 characters, and is told from a digest by its letters, from a path by its slashes.
# A `=` or the end of a sentence beside it is none of it.
_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9+/._-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/_-]|\.[A-Za-z0-9])")
_PATH_SLASHES = 4
# The id of a key is no secret, but half of one: its ends tell one from another.
_KEY_ID = re.compile(r"\b((?:AKIA|ASIA))[A-Z0-9]{4,120}([A-Z0-9]{4})\b")


def remember(*secrets: str | None) -> None:
    """Have these values hidden from now on, in whatever text they turn up."""
    for secret in secrets:
        # One with a line break in it is shown in parts, or escaped.
        _seen.update(part for part in re.split(r"[^\x21-\x7e]+", secret or "") if len(part) >= VALUE_MIN)


def redact(text: str) -> str:
    """Return `text` with `HIDDEN` in the place of each secret that is known, or looks like one."""
    remember(*(os.environ.get(name) for name in SECRET_VARIABLES))
    # The longest first, as one may be the beginning of another.
    for secret in sorted(_seen, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for shape in _SHAPES:
        text = shape.sub(rf"\g<kept>{HIDDEN}", text)
    text = _LONG.sub(lambda found: HIDDEN if _is_mixed(found[0]) else found[0], text)
    return _KEY_ID.sub(r"\1…\2", _SECRET_KEY.sub(_hide_secret_key, text))


def shown(value: Any, longest: int = 80) -> str:
    """Return a value as it stands in a sentence: redacted, then cut, as half a secret has no shape."""
    return redact(repr(value))[:longest]


def cut(text: str, longest: int = 80) -> str:
    """Return a text as far as it is kept, as `shown` does, without quotation marks."""
    return redact(text)[:longest]


def in_print(text: str, longest: int = 80) -> str:
    """Return words of a library's as `cut` does, on one line: they may hold bytes of a damaged file."""
    return cut("".join(one if one.isprintable() else repr(one)[1:-1] for one in text), longest)


def redact_all(value: Any) -> Any:
    """Return a JSON value of which every text went through `redact`, the names of its fields not."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: redact_all(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(one) for one in value]
    return value


def _hide_secret_key(found: re.Match[str]) -> str:
    text = found[0]
    return HIDDEN if _is_mixed(text) and text.count("/") < _PATH_SLASHES else text


def _is_mixed(text: str) -> bool:
    return all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
