"""The installed `jobfleet`, run as a person would, on a stack of `tests/aws/conftest.py`."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet.errors import Exit
from PIL import Image

from tests.client_bench import JOBFLEET, PATIENCE_SECONDS, SECONDS_MAX
from tests.warm_client import in_text, run_client

Run = Callable[..., subprocess.CompletedProcess[Any]]

_SENT = re.compile(r"job [0-9a-f-]{36} sent\n")


def environment(stack: Any, home: Path, **more: str) -> dict[str, str]:
    """What a `jobfleet` needs to reach a stack, with a home of its own."""
    named = {
        "JOBFLEET_STACK": stack.name, "JOBFLEET_REGION": "us-east-1", "HOME": str(home),
        "JOBFLEET_TIMEOUT": PATIENCE_SECONDS,
    }  # fmt: skip
    given = {**stack.environment, "XDG_STATE_HOME": "", **named, **more}
    return {name: value for name, value in given.items() if value}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def run(stack: Any, home: Path) -> Run:
    """Runs `jobfleet` in an empty folder, with the stack named in the environment."""

    def jobfleet(
        *arguments: str, stdin: str | bytes = "", text: bool = True, **more: str
    ) -> subprocess.CompletedProcess[Any]:
        given = stdin if isinstance(stdin, bytes) else stdin.encode()
        ran = run_client(
            [str(JOBFLEET), *arguments], home, environment(stack, home, **more), given, SECONDS_MAX
        )
        return in_text(ran) if text else ran

    return jobfleet


@pytest.fixture
def worker(stack: Any) -> Any:
    """A worker of the stack, as a process."""
    return stack.worker()


@pytest.fixture
def photo(home: Path) -> Path:
    """A small colour image in the folder that commands run in."""
    return picture(home / "photo.png", 3)


def picture(path: Path, seed: int, size: tuple[int, int] = (60, 40)) -> Path:
    """Write an image of random pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def talk(ran: subprocess.CompletedProcess[str]) -> str:
    """What was said on stderr besides that a job was sent."""
    return _SENT.sub("", ran.stderr)


def fails(ran: subprocess.CompletedProcess[str], code: Exit, *words: str) -> None:
    """The command ends with `code`, says all `words` in one line on stderr and nothing on stdout."""
    said = talk(ran)
    assert (ran.returncode, ran.stdout) == (code, ""), ran.stderr
    assert said.startswith("jobfleet: ")
    assert len(said.splitlines()) == 1
    for word in words:
        assert word in said
