"""Inputs and outputs that are no regular files: pipes, links, devices, as shells give them."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit
from PIL import Image

from tests.abilities import need_root
from tests.client_bench import JOBFLEET, SECONDS_MAX
from tests.client_run import environment, picture

InShell = Callable[[str], subprocess.CompletedProcess[bytes]]


@pytest.fixture
def in_shell(stack: Any, home: Path) -> InShell:
    """Runs a line of bash in which `jobfleet` is the command."""

    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line.replace("jobfleet", str(JOBFLEET))], cwd=home,
            env=environment(stack, home), capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS_MAX,
            check=False,
        )  # fmt: skip

    return run


def test_what_is_no_file_is_read_once_and_written_into(
    in_shell: InShell, worker: Any, photo: Path, home: Path
) -> None:
    ran = in_shell("jobfleet greyscale <(cat photo.png) -o >(cat > grey.png)")
    assert ran.returncode == Exit.OK, ran.stderr
    with Image.open(home / "grey.png") as image:
        assert image.size == (60, 40)

    picture(home / "other.png", 5)
    ran = in_shell("jobfleet greyscale <(cat photo.png) <(cat other.png) -o both")
    assert ran.returncode == Exit.OK, ran.stderr
    assert len({path.read_bytes() for path in (home / "both").iterdir()}) == 2

    for out in ("/dev/stdout", "-", "/dev/fd/1"):
        ran = in_shell(f"cat photo.png | jobfleet greyscale /dev/stdin -o {out} | cat")
        assert ran.returncode == Exit.OK, ran.stderr
        assert ran.stdout == (home / "grey.png").read_bytes()

    (home / "link.png").symlink_to("target.png")
    assert in_shell("jobfleet greyscale photo.png -o link.png").returncode == Exit.OK
    assert (home / "link.png").is_symlink()
    assert (home / "target.png").read_bytes() == (home / "grey.png").read_bytes()

    assert in_shell("jobfleet greyscale photo.png -o /dev/null").returncode == Exit.OK
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # noqa: PTH116 - as the shell would

    ran = in_shell("jobfleet stats --file <(seq 3) > /dev/full")
    assert ran.returncode == Exit.OUTPUT
    assert b"jobfleet: standard output cannot be written: No space left on device" in ran.stderr
    assert b"mean" in in_shell("jobfleet stats --file <(seq 3) 2>&-").stdout


def test_a_user_whom_the_system_does_not_know_goes_on_without_history(
    stack: Any, worker: Any, home: Path
) -> None:
    kept = {name: value for name, value in environment(stack, home).items() if name != "HOME"}
    need_root()
    ran = subprocess.run(
        ["setpriv", "--reuid", "54321", "--clear-groups", JOBFLEET, "stats", "1", "2", "3"], cwd="/",
        env=kept, capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
    )  # fmt: skip
    assert ran.returncode == Exit.OK, ran.stderr
    assert "this user has no home folder" in ran.stderr


def test_nothing_is_sent_where_the_answer_cannot_be_shown(in_shell: InShell, stack: Any) -> None:
    ran = in_shell("jobfleet stats 1 2 3 >&-")
    assert ran.returncode == Exit.OUTPUT
    assert b"standard output cannot be written: it is closed" in ran.stderr
    assert stack.front.calls == []


def test_equal_notes_of_many_images_are_said_in_one_line(in_shell: InShell, worker: Any, home: Path) -> None:
    for seed in range(3):
        picture(home / "photos" / f"{seed}.jpg", seed)
    ran = in_shell("jobfleet threshold photos -o out")
    assert ran.returncode == Exit.OK, ran.stderr
    notes = [line for line in ran.stderr.decode().splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert notes[0].startswith("note: 3 images: ")
