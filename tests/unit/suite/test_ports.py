"""Ports that tests take."""

import ast
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from tests.places import REPOSITORY
from tests.ports import ADDRESS, claimed_port, ports_beside, refusing_port


def test_a_refusing_port_refuses_and_nobody_else_gets_it() -> None:
    with refusing_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ADDRESS, port), 5)
        with pytest.raises(OSError, match="in use"):
            socket.create_server((ADDRESS, port))


def test_a_claimed_port_can_be_listened_on_and_is_given_once() -> None:
    port = claimed_port()
    script = "from tests.ports import claimed_port; print(claimed_port())"
    elsewhere = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True)

    with socket.create_server((ADDRESS, port)):
        pass
    assert port not in (int(elsewhere.stdout), claimed_port())


@pytest.mark.parametrize(
    ("first", "last", "lowest", "highest"),
    [
        (32768, 60999, 20000, 65535),
        (1024, 60999, 61000, 65535),
        (20000, 65535, 1024, 19999),
        (50000, 65535, 20000, 49999),
    ],
)
def test_the_ports_of_programs_lie_below_and_above_those_that_anybody_gets(
    first: int, last: int, lowest: int, highest: int
) -> None:
    found = ports_beside(first, last)
    assert (min(found), max(found)) == (lowest, highest)
    assert not set(found) & set(range(first, last + 1))


def test_where_the_kernel_gives_all_ports_away_that_is_said() -> None:
    with pytest.raises(RuntimeError, match=r"all ports from 1024 to 65535, which leaves none.*sysctl -w"):
        ports_beside(1024, 65535)


def gives_back(source: str) -> bool:
    """Tell whether a port is learnt there of a socket that is closed before anybody uses the port."""
    tree = ast.parse(textwrap.dedent(source))
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.With)]
    return any(
        "getsockname" in ast.unparse(block) and ast.unparse(block).startswith("with socket.")
        and all(_only_learns(step) for step in block.body)
        for block in blocks
    ) or any(_learns_and_closes(body) for body in _bodies(tree))  # fmt: skip


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            steps = getattr(node, name, None)
            if isinstance(steps, list):
                yield steps


def _learns_and_closes(steps: list[ast.stmt]) -> bool:
    """Tell whether a step remembers a socket's port, and the next but such steps closes the socket."""
    learnt: set[str] = set()
    for step in steps:
        told = ast.unparse(step)
        names = re.findall(r"([\w.]+)\.getsockname\(", told) if isinstance(step, ast.Assign) else []
        if any(told == f"{name}.close()" for name in learnt):
            return True
        learnt = learnt | set(names) if names else learnt if _only_learns(step) else set()
    return False


def _only_learns(step: ast.stmt) -> bool:
    """Tell whether a step only makes a socket ready, or remembers or returns its port."""
    if isinstance(step, ast.Expr):
        return any(f".{call}(" in ast.unparse(step) for call in ("bind", "setsockopt"))
    return isinstance(step, ast.Assign | ast.Return) and "getsockname" in ast.unparse(step)


def test_no_test_uses_a_port_that_it_has_given_back() -> None:
    assert gives_back("with socket.socket() as a:\n a.bind((x, 0))\n port = a.getsockname()[1]\nrun(port)")
    assert gives_back("def f():\n with socket.create_server((x, 0)) as a:\n  return int(a.getsockname()[1])")
    assert gives_back("a = socket.socket()\na.bind((x, 0))\nport = a.getsockname()[1]\na.close()\nrun(port)")
    assert gives_back("def f():\n self.a = b()\n port = int(self.a.getsockname()[1])\n self.a.close()")
    assert not gives_back("a = b()\nport = a.getsockname()[1]\nrun(port)\na.close()")
    assert not gives_back("with socket.create_server((x, 0)) as a:\n port = a.getsockname()[1]\n run(port)")

    files = sorted((REPOSITORY / "tests").rglob("*.py"))
    texts = {path: path.read_text() for path in files}
    found = [
        str(path.relative_to(REPOSITORY))
        for path, text in texts.items()
        if "getsockname" in text and gives_back(text)
    ]
    assert found == []
