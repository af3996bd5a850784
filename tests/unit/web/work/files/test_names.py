"""Names of files do no harm where they go: in headers, and in archives that others unpack."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jobfleet_jobs.portable_names import why_not_on_windows
from jobfleet_web.work.files.names import UniqueNames, disposition, safe_name


@given(some.text(max_size=80))
def test_no_name_leaves_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe.isprintable()
    assert safe.strip(".")
    assert why_not_on_windows(safe) is None
    assert not set(safe) & set('/\\<>:"|?*')


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../x.png", "x.png"),
        ("..", "file"),
        ("C:\\a\\b.png", "b.png"),
        ("", "file"),
        ("a\x00b", "a_b"),
        ("aux.jpg", "aux_.jpg"),
        ("x.png. .", "x.png"),
    ],
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
    names = UniqueNames("errors.txt")
    sent = ("photo.png", "PHOTO.png", "photo.png", "photo", "photo (2).png", "Errors.txt")
    found = [names.take(name) for name in sent]
    assert found == [
        "photo.png", "PHOTO (2).png", "photo (3).png", "photo", "photo (2) (2).png", "Errors (2).txt",
    ]  # fmt: skip


@given(some.lists(some.sampled_from(["a.png", "A.png", "a (2).png", "a (2) (2).png", "a (3).png"])))
def test_no_two_files_get_one_name(sent: list[str]) -> None:
    names = UniqueNames()
    assert len({names.take(name).lower() for name in sent}) == len(sent)


def test_a_name_that_thousands_have_takes_one_look_each() -> None:
    class Looked(dict[str, int]):
        looks = 0

        def __contains__(self, name: object) -> bool:
            self.looks += 1
            return super().__contains__(name)

    names = UniqueNames()
    names._numbers = looked = Looked()
    for _ in range(1_000):
        names.take("image.jpg")
    assert looked.looks < 3_000
