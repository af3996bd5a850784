"""Outputs go to what is there: a file appears whole, and what is no file is written into and stays."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobfleet.errors import BadOutput
from jobfleet.files import outputs

from tests import abilities


def write(path: Path, data: bytes = b"data") -> None:
    with outputs.written(outputs.writable(path)) as file:
        file.write(data)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that is full after 64 kB."""
    with abilities.small_disk(tmp_path / "full", "64k") as folder:
        yield folder


def test_a_device_stays_one() -> None:
    write(Path("/dev/null"))
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert not outputs.is_replaced(Path("/dev/null"))
    with pytest.raises(BadOutput, match="/dev/full cannot be written: No space left on device"):
        write(Path("/dev/full"))


def test_the_reader_of_a_pipe_gets_it_all(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write(pipe, b"x" * 200_000)
    reader.join()
    assert got == [b"x" * 200_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_whose_reader_has_left_is_told() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BadOutput, match="cannot be written: Broken pipe"):
        write(Path(f"/dev/fd/{writer}"))
    os.close(writer)


def test_what_a_process_has_open_is_written_on_from_where_it_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as file:
        file.write(b"before ")
        write(Path(f"/dev/fd/{file.fileno()}"))
        file.write(b" behind")
    assert (tmp_path / "log").read_bytes() == b"before data behind"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_has_several_names(name: str) -> None:
    assert outputs.is_standard_output(name)
    assert not outputs.is_standard_output(name + "1")


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link", tmp_path / "far" / "target"
    link.symlink_to(target)
    write(link, b"new")
    write(link, b"newer")
    assert link.is_symlink()
    assert target.read_bytes() == b"newer"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "no" / "folder")
    with pytest.raises(BadOutput, match=r"the folder .*/no for the output does not exist"):
        write(link)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(BadOutput, match="loop cannot be written: Too many levels of symbolic links"):
        write(loop)


def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255))
    with pytest.raises(BadOutput, match=r"cannot be written: File name too long; .* shorter name"):
        write(tmp_path / ("x" * 256))
    with pytest.raises(BadOutput, match="cannot be made: File name too long"):
        outputs.make_folder(tmp_path / ("x" * 256))


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800"])
def test_a_name_that_no_file_can_have_is_told(name: str, tmp_path: Path) -> None:
    for attempt in (outputs.writable, write, outputs.make_folder):
        with pytest.raises(BadOutput, match="is no name that a file can have; give the output another"):
            attempt(tmp_path / name)


@pytest.mark.parametrize("number", ["2147483647", "2147483648", "9" * 20, "9" * 5_000])
def test_a_number_that_no_open_file_has_is_told(number: str) -> None:
    assert not outputs.is_standard_output(f"/dev/fd/{number}")
    with pytest.raises(BadOutput, match="cannot be written: "):
        write(Path(f"/dev/fd/{number}"))


def test_nothing_is_left_of_a_file_that_did_not_fit(full_disk: Path) -> None:
    (full_disk / "out").write_bytes(b"of before")
    with pytest.raises(BadOutput, match="out cannot be written: No space left on device"):
        write(full_disk / "out", b"x" * 100_000)
    assert {path.name: path.read_bytes() for path in full_disk.iterdir()} == {"out": b"of before"}


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(BadOutput, match="No such file or directory"):
        write(Path("out"))


def test_names_are_told_in_letters_that_a_terminal_does_not_obey(tmp_path: Path) -> None:
    with pytest.raises(BadOutput) as told:
        write(tmp_path / "\x1b[31m\n\udcff" / "out")
    assert r"\x1b[31m\n\xff" in str(told.value)
    assert str(told.value).isprintable()
