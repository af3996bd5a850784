"""What must hold for every refusal that a person reads, whatever the input was."""

import json
import random
import re

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import JobError

from tests.fuzz.target import require

# A code is a word for machines.
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")

# Numbers that cannot be read are told a line each, twenty at most.
SENTENCE_MAX_CHARACTERS = 600
LINES_MAX = 23
LINE_MAX_CHARACTERS = 250

# So much of a secret in a row is too much of it.
SECRET_PART = 16

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def secret(choose: random.Random) -> str:
    """Return what looks like a secret access key of AWS's."""
    while True:
        made = "".join(choose.choices(_LETTERS, k=40))
        if all(re.search(kind, made) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
            return made


def check_refusal(problem: BadJob, secrets: tuple[str, ...] = ()) -> str:
    """Return a refusal's code. Raises `Find` for one that nobody should be shown."""
    # As it is stored, answered and logged.
    code, said = problem.code, JobError(problem.code, problem.message).message
    shown = f"{code}: {said[:300]!r}"
    require(_CODE.fullmatch(code), f"no code: {shown}")
    require(said.strip(), f"no sentence: {shown}")
    lines = said.split("\n")
    require(len(lines) <= LINES_MAX, f"{len(lines)} lines: {shown}")
    longest = SENTENCE_MAX_CHARACTERS if len(lines) == 1 else LINE_MAX_CHARACTERS
    require(max(map(len, lines)) <= longest, f"a sentence of {max(map(len, lines))} characters: {shown}")
    require(all(line.isprintable() for line in lines), f"not printable: {shown}")
    json.dumps(said, ensure_ascii=False).encode()
    check_no_secret(said, secrets, "a sentence")
    return code


def check_no_secret(text: str, secrets: tuple[str, ...], where: str) -> None:
    """Raise `Find` if much of a secret stands in a text."""
    for one in secrets:
        parts = (one[start : start + SECRET_PART] for start in range(len(one) - SECRET_PART + 1))
        require(not any(part in text for part in parts), f"{where} shows a secret: {text[:300]!r}")
