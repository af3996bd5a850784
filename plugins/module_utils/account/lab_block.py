"""The block of credentials that a lab shows, and the file that every AWS tool reads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobfleet_jobs.credentials.end_notes import END_NOTES

NAMES = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")

# `aws_access_key_id = ...` as a credentials file has it; `export NAME="..."`, `set "NAME=..."` and
# `$env:NAME = "..."` as portals do, also in the quotation marks of word processors.
_QUOTE = "[\"'\u2018-\u201f]?"
LINE = re.compile(
    rf"^\s*(?:export\s+|set\s+|\$env:)?{_QUOTE}(\w+)\s*=\s*({_QUOTE})(\S+?){_QUOTE}\s*$", re.IGNORECASE
)
# PowerShell's commands may stand in one line. No value has a semicolon; a comment may begin with one.
_SEMICOLON = re.compile(r"(?<=[\w=/+\"']);")
# Soft hyphen, zero-width characters, marks of direction, byte order mark: web pages and editors leave them.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
SECTION = re.compile(r"^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]\s*$")
_KEY_ID = re.compile(r"[A-Z0-9]{16,128}")


class BadBlock(ValueError):
    """What was pasted is no block of credentials; the text says what is missing."""


@dataclass(frozen=True)
class CredentialsBlock:
    """A lab's credentials. They end with its session, so there is always a token."""

    access_key: str
    secret_key: str
    session_token: str

    def lines(self) -> list[str]:
        """Return them as a credentials file has them."""
        values = (self.access_key, self.secret_key, self.session_token)
        return [f"{name} = {value}" for name, value in zip(NAMES, values, strict=True)]


def without_unseen(text: str) -> str:
    """Return a text without what nobody sees in it, and without NUL."""
    return _UNSEEN.sub("", text).replace("\0", "")


def parse(text: str) -> CredentialsBlock:
    """Read what was pasted, passing over other settings. Raises `BadBlock`, never with a value."""
    found: dict[str, str] = {}
    for line in _SEMICOLON.sub("\n", without_unseen(text)).splitlines():
        matched = LINE.match(line)
        if not matched or matched[1].lower() not in NAMES:
            continue
        name = matched[1].lower()
        if found.get(name, matched[3]) != matched[3]:
            raise BadBlock(f"{name} stands there twice with two values: paste one block alone")
        found[name] = matched[3]
    missing = [name for name in NAMES if name not in found]
    if missing:
        raise BadBlock(f"it has no {' and no '.join(missing)}: copy the whole block, from [default] on")
    if not _KEY_ID.fullmatch(found[NAMES[0]]):
        raise BadBlock("its aws_access_key_id is none (16 or more capital letters and digits)")
    return CredentialsBlock(*(found[name] for name in NAMES))


def put_into(text: str, profile: str, block: CredentialsBlock) -> str:
    """Return the credentials file `text` with `block` as `profile`; all else stays as it is.

    Raises `BadBlock` where that profile holds keys that do not expire, which nothing should overwrite.
    """
    lines = text.splitlines()
    start, end = _section(lines, profile)
    if start is None:
        between = [""] if lines and lines[-1].strip() else []
        return "\n".join([*lines, *between, f"[{profile}]", *block.lines(), ""])
    inside = lines[start + 1 : end]
    names = [line.partition("=")[0].strip().lower() for line in inside]
    ids = [
        line.partition("=")[2].strip() for line, name in zip(inside, names, strict=True) if name == NAMES[0]
    ]
    # Half of a lab's block, whose key begins with ASIA, is nothing to keep.
    if {*NAMES[:2]} <= {*names} and NAMES[2] not in names and not ids[0].startswith("ASIA"):
        raise BadBlock(f"profile [{profile}] holds keys that do not expire, and they are kept")
    # What stood there of the end of the old ones is no longer true.
    replaced = {*NAMES, *END_NOTES}
    kept = [line for line, name in zip(inside, names, strict=True) if name not in replaced]
    return "\n".join([*lines[: start + 1], *block.lines(), *kept, *lines[end:]]) + "\n"


def block_of(text: str, profile: str) -> CredentialsBlock | None:
    """Return the block that a credentials file has for `profile`, or None where it has no whole one."""
    lines = text.splitlines()
    start, end = _section(lines, profile)
    try:
        return None if start is None else parse("\n".join(lines[start:end]))
    except BadBlock:
        return None


def _section(lines: list[str], profile: str) -> tuple[int | None, int]:
    start = None
    for number, line in enumerate(lines):
        matched = SECTION.match(line)
        if matched and start is not None:
            return start, number
        if matched and matched[1] == profile:
            start = number
    return start, len(lines)
