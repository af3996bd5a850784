"""AWS's files as editors, shells and web pages leave them: their text, and the first thing wrong with it."""

import codecs
import configparser
from pathlib import Path

from jobfleet_jobs.credentials.redaction import remember

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> str:
    """Return the text of a file in whatever encoding it is, without a byte order mark."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff")
    # ASCII in two bytes each, whose first or second is nothing.
    for encoding, empty in (("utf-16-le", data[1::2]), ("utf-16-be", data[0::2])):
        if data and empty.count(0) > len(empty) / 2:
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def what_is_wrong(path: str | Path) -> str:
    """Return a clause on why AWS's tools cannot read a file, with its line; nothing if they can."""
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as problem:
        return problem.strerror or "it cannot be read"
    return _of_bytes(data) or _of_lines(decode(data))


def profiles_of(data: bytes) -> dict[str, dict[str, str]] | None:
    """Return the profiles in a file with their lines; None where AWS's tools cannot read it."""
    if _of_bytes(data):
        return None
    file = configparser.RawConfigParser(default_section="")
    try:
        file.read_string(data.decode("utf-8"))
    except configparser.Error:
        return None
    return {name: dict(file[name]) for name in file.sections()}


def _of_bytes(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark) and encoding != "utf-8":
            return f"it is {encoding.upper()}, as `>` of Windows' PowerShell writes it, and must be UTF-8"
    if data.startswith(codecs.BOM_UTF8):
        return "line 1 begins with a byte order mark, as some editors write it"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        return f"line {line} has a character that is not in UTF-8"
    return "it is UTF-16 without a byte order mark, and must be UTF-8" if "\0" in text else ""


def _of_lines(text: str) -> str:
    file = configparser.RawConfigParser(default_section="")
    try:
        file.read_string(text)
    except configparser.MissingSectionHeaderError as problem:
        return f"line {problem.lineno} stands before the first line with a profile's name, such as [default]"
    except configparser.DuplicateSectionError as problem:
        return f"line {problem.lineno} begins [{_shown(problem.section)}] a second time"
    except configparser.DuplicateOptionError as problem:
        where = f"{_shown(problem.option)} of [{_shown(problem.section)}]"
        return f"line {problem.lineno} gives {where} a second time"
    except configparser.ParsingError as problem:
        return f"line {problem.errors[0][0]} is no name with a value (NAME = VALUE)"
    except configparser.Error:
        return "it cannot be read"
    return next(
        (
            f"what is indented below {_shown(name)} of [{_shown(section)}] is not NAME = VALUE"
            for section in file.sections()
            for name, value in file[section].items()
            if not _is_nested_well(value)
        ),
        "",
    )


def _is_nested_well(value: str) -> bool:
    """Tell whether a value is one line, or lines below its name that are settings of their own."""
    return not value.startswith("\n") or all("=" in line for line in value.splitlines() if line.strip())


def _shown(name: object) -> str:
    # A line of nothing but a secret may have become a name.
    text = str(name)
    if len(text) > 32:
        remember(text)
        return f"{text[:4]}…"
    return text
