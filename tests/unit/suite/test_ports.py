"""Ports that tests take."""

import ast
import socket
import subprocess
import sys
import textwrap

import pytest

from tests.places import REPOSITORY
from tests.ports import ADDRESS, claimed_port, refusing_port


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


def gives_back(source: str) -> bool:
    """Tell whether a port is learnt there of a socket that is closed before anybody uses the port."""
    blocks = [node for node in ast.walk(ast.parse(textwrap.dedent(source))) if isinstance(node, ast.With)]
    return any(
        "getsockname" in ast.unparse(block) and ast.unparse(block).startswith("with socket.")
        and all(_only_learns(step) for step in block.body)
        for block in blocks
    )  # fmt: skip


def _only_learns(step: ast.stmt) -> bool:
    """Tell whether a step only makes a socket ready, or remembers or returns its port."""
    if isinstance(step, ast.Expr):
        return any(f".{call}(" in ast.unparse(step) for call in ("bind", "setsockopt"))
    return isinstance(step, ast.Assign | ast.Return) and "getsockname" in ast.unparse(step)


def test_no_test_uses_a_port_that_it_has_given_back() -> None:
    assert gives_back("with socket.socket() as a:\n a.bind((x, 0))\n port = a.getsockname()[1]\nrun(port)")
    assert gives_back("def f():\n with socket.create_server((x, 0)) as a:\n  return int(a.getsockname()[1])")
    assert not gives_back("with socket.create_server((x, 0)) as a:\n port = a.getsockname()[1]\n run(port)")

    files = sorted((REPOSITORY / "tests").rglob("*.py"))
    texts = {path: path.read_text() for path in files}
    found = [
        str(path.relative_to(REPOSITORY))
        for path, text in texts.items()
        if "getsockname" in text and gives_back(text)
    ]
    assert found == []
