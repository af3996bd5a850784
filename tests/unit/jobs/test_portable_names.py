"""Names that Windows does not let be are found as Python itself finds them, and others take their places."""

import ntpath
from pathlib import PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from jobfleet_jobs.portable_names import portable_name, why_not_on_windows

LETTERS = some.text(some.sampled_from('aAuUxXcCoOnNlLpPtTmM19²0. _:"<>|?*/\\\x00\x1fé'), max_size=8)
DEVICES = some.sampled_from(["aux", "CON", "Nul", "prn", "com1", "LPT9", "com²", "conin$", "com0", "com10"])
NAMES = LETTERS | some.builds(str.__add__, DEVICES, LETTERS)


def is_reserved(name: str) -> bool:
    """Say what Python says: all from 3.13 on, and before that of devices alone."""
    if hasattr(ntpath, "isreserved"):
        return bool(ntpath.isreserved(name))
    odd = name.endswith((" ", ".")) or any(one < " " or one in '<>:"/\\|?*' for one in name)
    return odd or PureWindowsPath(name).is_reserved()


@given(NAMES)
@example("aux .jpg")
@example("nul.tar.gz")
@example("photo.jpg.")
def test_what_windows_reserves_is_found_and_nothing_else(name: str) -> None:
    if name not in ("", ".", ".."):
        assert bool(why_not_on_windows(name)) == is_reserved(name)


@given(NAMES)
def test_what_takes_its_place_can_be_on_every_system(name: str) -> None:
    found = portable_name(name)
    assert not found or why_not_on_windows(found) is None
    assert portable_name(found) == found
    if why_not_on_windows(name) is None:
        assert found == name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("aux.jpg", "aux_.jpg"), ("NUL.tar.gz", "NUL_.tar.gz"), ("con", "con_"), ("a:b?.png", "a_b_.png"),
        ("photo.jpg. .", "photo.jpg"), ("COM1 .png", "COM1_.png"), ("...", ""),
        ("console.jpg", "console.jpg"),
    ],
)  # fmt: skip
def test_names_stay_as_near_as_may_be(name: str, found: str) -> None:
    assert portable_name(name) == found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a:b.png", "no ':' in the name"), ("Aux.jpg", "keeps the name 'Aux' for a device"),
        ("x.png ", "from the end"), ("a\x1fb", r"no '\x1f' in"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(name: str, words: str) -> None:
    assert words in (why_not_on_windows(name) or "")
