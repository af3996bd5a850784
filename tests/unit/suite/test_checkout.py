"""A checkout works on every file system: names that all of them take, and line ends that stay."""

import re
import subprocess

import pytest

from tests.patience import patience
from tests.places import REPOSITORY

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
# Of 260 that Windows takes without being told otherwise, with room for the folder of the checkout.
PATH_MAX = 120


@pytest.fixture(scope="module")
def files() -> list[str]:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no checkout of git")
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True,
        timeout=patience(60),
    )  # fmt: skip
    return done.stdout.split("\0")[:-1]


def test_no_two_names_differ_in_capitals_alone(files: list[str]) -> None:
    folders = {part for name in files for part in folders_of(name)}
    for names in (files, sorted(folders)):
        assert len({name.casefold() for name in names}) == len(names)


def folders_of(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def test_every_name_is_one_on_windows(files: list[str]) -> None:
    parts = {part for name in files for part in name.split("/")}

    assert [part for part in parts if RESERVED.fullmatch(part) or FORBIDDEN.search(part)] == []
    assert [name for name in files if len(name) > PATH_MAX or not name.isascii()] == []


def test_git_leaves_line_ends_as_they_are(files: list[str]) -> None:
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=true", "check-attr", "--stdin", "-z", "text"],
        input="\0".join(files), cwd=REPOSITORY, capture_output=True, text=True, check=True,
        timeout=patience(60),
    )  # fmt: skip
    values = done.stdout.split("\0")[2::3]

    assert values
    assert set(values) == {"unset"}


def test_no_text_has_windows_line_ends(files: list[str]) -> None:
    broken = [
        name
        for name in files
        if name.endswith((".py", ".yml", ".j2", ".md", ".cfg", ".toml")) or name.startswith("scripts/")
        if b"\r\n" in (REPOSITORY / name).read_bytes()
    ]

    assert broken == []
