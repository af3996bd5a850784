"""The client on systems that are not POSIX: nothing of it needs what only POSIX has.

No such system is at hand. A process of the test's own is made to lack what Windows lacks, for the client's
modules alone: libraries look at `sys.platform`, which stays. How Windows itself behaves, this cannot show.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import patience
from tests.places import REPOSITORY

# https://docs.python.org/3/library/unix.html, and what it says of Windows in `os` and `signal`.
MODULES = {
    "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty",
}  # fmt: skip
NAMES = {
    "os": {
        "chown", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups",
        "getpgid",
        "getuid", "killpg", "lchown", "mkfifo", "mknod", "openpty", "posix_fallocate", "pread", "pwrite",
        "sched_getaffinity", "setgid", "setpgid", "setsid", "setuid", "statvfs", "sysconf", "tcgetpgrp",
        "uname", "wait", "waitid", "WNOHANG", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK",
        "pidfd_open",
    },
    "signal": {
        "SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP",
        "SIGUSR1", "SIGUSR2", "SIGWINCH", "alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer",
        "sigwait",
    },
    "socket": {"AF_UNIX", "socketpair_unix"},
    "time": {"tzset"},
}  # fmt: skip
SOURCES = sorted(
    path
    for package in ("client/jobfleet", "jobs/jobfleet_jobs", "scaling/jobfleet_scaling/waking")
    for path in (REPOSITORY / package).rglob("*.py")
)

WITHOUT_POSIX = f"""
import builtins, importlib, pkgutil, sys

plain_import = builtins.__import__

def importing(name, globals=None, locals=None, fromlist=(), level=0):
    whose = (globals or {{}}).get("__name__") or ""
    if name.partition(".")[0] in {MODULES!r} and whose.startswith("jobfleet"):
        raise ModuleNotFoundError(f"No module named {{name!r}}, which {{whose}} imports", name=name)
    return plain_import(name, globals, locals, fromlist, level)

builtins.__import__ = importing
"""
EVERY_MODULE = """
import jobfleet
found = [one.name for one in pkgutil.walk_packages(jobfleet.__path__, "jobfleet.")]
for name in found:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(found))
"""
ONE_COMMAND = """
import json
from jobfleet.cli.main import main
sys.argv = ["jobfleet", *json.loads(sys.argv[1])]
main()
"""


def unguarded(tree: ast.AST, *, guarded: bool = False) -> Iterator[str]:
    """Yield what of POSIX a module uses outside of `try`, and of a condition that names it in a text.

    `hasattr(signal, "SIGHUP")` and `getattr(os, "geteuid", None)` are such guards.
    """
    for node in ast.iter_child_nodes(tree):
        inside = guarded or isinstance(node, ast.Try)
        if isinstance(node, ast.If | ast.IfExp) and {"hasattr", "platform", "name"} & words(node.test):
            inside = True
        if not inside:
            yield from used(node)
        yield from unguarded(node, guarded=inside)


def words(tree: ast.AST) -> set[str]:
    """Return the names that an expression uses."""
    nodes = list(ast.walk(tree))
    return {one.id for one in nodes if isinstance(one, ast.Name)} | {
        one.attr for one in nodes if isinstance(one, ast.Attribute)
    }


def used(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names if one.name.partition(".")[0] in MODULES)
    elif isinstance(node, ast.ImportFrom) and node.module:
        taken = NAMES.get(node.module, set())
        yield from ([node.module] if node.module in MODULES else [])
        yield from (f"{node.module}.{one.name}" for one in node.names if one.name in taken)
    elif isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        yield from ([f"{owner}.{node.attr}"] if node.attr in NAMES.get(owner, set()) else [])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("def f():\n from termios import x", ["termios"]),
        ("try:\n import fcntl\nexcept ImportError: pass", []),
        ("os.kill(1, signal.SIGKILL)", ["signal.SIGKILL"]),
        ("from os import fork", ["os.fork"]),
        ("if hasattr(os, 'geteuid'): os.geteuid()", []),
        ("os.getpid()", []),
    ],
)
def test_the_search_finds_what_only_posix_has(source: str, found: list[str]) -> None:
    assert list(unguarded(ast.parse(source))) == found


def test_no_module_of_the_client_uses_what_only_posix_has() -> None:
    found = {
        str(path.relative_to(REPOSITORY)): names
        for path in SOURCES
        if (names := list(unguarded(ast.parse(path.read_text()))))
    }

    assert found == {}


def run(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX + script, *arguments],
        env={**os.environ, "XDG_STATE_HOME": "relative", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=patience(60),
        check=False,
    )


def test_every_module_of_the_client_is_imported_without_posix() -> None:
    done = run(EVERY_MODULE)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.parametrize("encoding", ["cp437", "ascii"])
def test_commands_that_need_no_account_work_without_posix_on_a_terminal_of_few_letters(
    encoding: str, tmp_path: Path
) -> None:
    picture = tmp_path / "é日\u2713.png"
    picture.touch()
    cases: dict[tuple[str, ...], tuple[int, str]] = {
        ("--help",): (0, "Usage: jobfleet"),
        ("completion", "bash"): (0, "complete"),
        ("operations", "--help"): (0, "Usage:"),
        ("--stack", "demo", "--region", "us-east-1", "config"): (0, "demo"),
        # What cannot be shown in such an encoding is shown as escapes.
        ("greyscale", str(picture) + "x", "-o", str(tmp_path / "out.png")): (3, "png"),
    }
    for words, (code, said) in cases.items():
        done = run(ONE_COMMAND, json.dumps(words), PYTHONIOENCODING=encoding)

        assert "Traceback" not in done.stderr, (words, done.stderr)
        assert "unforeseen" not in done.stderr, (words, done.stderr)
        assert said in done.stdout + done.stderr, (words, done.stdout, done.stderr)
        assert done.returncode == code, (words, done.returncode, done.stderr)
