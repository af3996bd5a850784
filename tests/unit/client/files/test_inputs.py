"""Inputs are read once, from whatever they are, and what is wrong with them is told."""

import io
import os
import tempfile
import threading
from pathlib import Path

import pytest
from jobfleet.errors import BadInput
from jobfleet.files.inputs import check_readable, kept, opened
from jobfleet.sending.prepare import numbers_text, prepare
from jobfleet_jobs.protocol.message import LARGE_BYTES

from tests.patience import patience


def pipe(folder: Path, data: bytes) -> Path:
    """Return a named pipe into which somebody writes `data`, once."""
    path = folder / "pipe.png"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    return path


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/full"])
def test_a_device_without_an_end_is_refused_rather_than_read_for_ever(device: str) -> None:
    with opened(Path(device)) as file, pytest.raises(BadInput, match="reading it does not end: give a file"):
        file.read(1)


def test_the_empty_device_is_an_empty_file() -> None:
    with opened(Path("/dev/null")) as file:
        assert file.read() == b""


@pytest.mark.parametrize("size", [3, LARGE_BYTES + 3])
def test_what_comes_through_a_pipe_can_be_read_again(size: int, tmp_path: Path) -> None:
    job = prepare("greyscale", pipe(tmp_path, b"x" * size))
    assert not isinstance(job.source, str | Path)
    with job.source as file:
        assert file.read() == b"x" * size
        file.seek(0)
        assert file.read(3) == b"xxx"


def test_numbers_may_come_through_a_pipe(tmp_path: Path) -> None:
    assert numbers_text(pipe(tmp_path, b"1 2 3\n")) == "1 2 3\n"


def test_a_pipe_is_not_begun_by_looking_at_it(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    # Nobody writes to it, so opening it would never end.
    look = threading.Thread(target=check_readable, args=(path,), daemon=True)
    look.start()
    look.join(patience(10))
    assert not look.is_alive()


def test_a_file_that_breaks_while_it_is_read_is_told() -> None:
    with (
        opened(Path("/proc/self/mem")) as file,
        pytest.raises(BadInput, match="mem cannot be read: Input/output"),
    ):
        file.read()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no", "there is no file"), (".", "is a folder"), ("a\0b", r"a\\x00b is no name"),
        ("\ud800", "is no name"),
        ("x" * 256, "File name too long"), ("\x1b[1m\n", r"there is no file \\x1b\[1m\\n"),
    ],
)  # fmt: skip
def test_what_is_no_input_is_told_on_one_line(name: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as told:
        opened(Path(name))
    assert str(told.value).isprintable()


def test_no_room_for_what_is_kept_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")
    with pytest.raises(BadInput, match=r"standard input cannot be kept until it is sent: .* set TMPDIR"):
        kept(io.BytesIO(bytes(LARGE_BYTES + 1)), "standard input")
