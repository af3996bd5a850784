"""Names of files do no harm where they go: in headers, and in archives that others unpack."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jobfleet_web.work.files.names import disposition, safe_name, unique_name


@given(some.text(max_size=80))
def test_no_name_leaves_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe.isprintable()
    assert safe.strip(".")
    assert not set(safe) & set('/\\<>:"|?*')


@pytest.mark.parametrize(
    ("name", "safe"),
    [("../../x.png", "x.png"), ("..", "file"), ("C:\\a\\b.png", "b.png"), ("", "file"), ("a\x00b", "a_b")],
)
def test_the_last_part_is_kept(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(some.text(max_size=80), some.sampled_from(["image/png", "text/html", "image/svg+xml"]))
def test_a_header_is_one_line_of_ascii(name: str, kind: str) -> None:
    header = disposition(name, kind)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith("inline" if kind == "image/png" else "attachment")
    assert header.count('"') == 2


def test_names_that_differ_in_capitals_alone_are_not_one_file() -> None:
    taken: set[str] = set()
    found = []
    for name in ("photo.png", "PHOTO.png", "photo.png", "photo"):
        found.append(unique_name(name, taken))
        taken.add(found[-1].lower())
    assert found == ["photo.png", "PHOTO (2).png", "photo (3).png", "photo"]
