"""Fixtures of the fault tests: a stack behind a proxy, and a run without faults to compare with."""

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.catalogue import Job, bad_jobs, good_jobs, hostile_jobs, stats_jobs
from tests.faults.harness import SOAK, Baseline, Stack, Systemd
from tests.faults.proxy import Proxy
from tests.faults.verdict import TOLD
from tests.faults.web_host import WebHost


@pytest.fixture(autouse=True)
def tell(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hand what a test came to over to the process that prints the summary."""
    yield
    request.node.user_properties += [("faults", line) for line in TOLD]
    TOLD.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all fault tests, captured or not."""
    reports = [one for kind in ("passed", "failed", "") for one in terminalreporter.stats.get(kind, [])]
    told = [line for report in reports for name, line in report.user_properties if name == "faults"]
    if told:
        terminalreporter.section("what the faults came to")
        for line in sorted(set(told)):
            terminalreporter.write_line(line)


@pytest.fixture
def new_stack(
    localcloud: dict[str, str], aws: Callable[[str], Any], tmp_path: Path
) -> Iterator[Callable[..., Stack]]:
    """Makes stacks; at the end their workers are gone."""
    with ExitStack() as closing:

        def make(**more: Any) -> Stack:
            proxy = closing.enter_context(Proxy(localcloud))
            stack = Stack(localcloud, proxy, aws("sqs"), aws("s3"), tmp_path, **more)
            closing.callback(stack.close)
            return stack

        yield make


@pytest.fixture
def stack(new_stack: Callable[..., Stack]) -> Stack:
    """A stack whose requests may be received very often before they count as dead."""
    return new_stack()


@pytest.fixture
def web_host(stack: Stack) -> Iterator[Callable[..., WebHost]]:
    """Makes web hosts of the stack; at the end they are gone."""
    with ExitStack() as closing:

        def make(name: str = "web", **more: Any) -> WebHost:
            host = WebHost(stack, name, **more)
            closing.callback(host.close)
            return host

        yield make


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    """What a worker tells systemd."""
    one = Systemd(tmp_path)
    yield one
    one.close()


@pytest.fixture(scope="session")
def good() -> list[Job]:
    """Jobs of all kinds that succeed."""
    return good_jobs(120 * SOAK)


@pytest.fixture(scope="session")
def stats() -> list[Job]:
    """Many small jobs."""
    return stats_jobs(200 * SOAK)


@pytest.fixture(scope="session")
def slow() -> list[Job]:
    """Jobs that succeed after a while."""
    return hostile_jobs("sleep 0.5", 12)


@pytest.fixture(scope="session")
def bad() -> list[Job]:
    """Jobs that can never succeed."""
    return bad_jobs()


@pytest.fixture(scope="session")
def baseline(
    localcloud: dict[str, str],
    aws: Callable[[str], Any],
    tmp_path_factory: pytest.TempPathFactory,
    good: list[Job],
    stats: list[Job],
    slow: list[Job],
    bad: list[Job],
) -> Baseline:
    """What every job comes to where nothing goes wrong."""

    def run() -> Baseline:
        with Proxy(localcloud) as proxy:
            stack = Stack(localcloud, proxy, aws("sqs"), aws("s3"), tmp_path_factory.mktemp("baseline"))
            try:
                stack.send([*good, *stats, *slow, *bad])
                stack.start()
                stack.until_done(60)
                effects, _ = stack.effects(list(stack.sent.values()))
                stack.check(effects)
            finally:
                stack.close()
        return effects

    return _once(tmp_path_factory, "baseline", run)


def _once(folders: pytest.TempPathFactory, name: str, make: Callable[[], Baseline]) -> Baseline:
    """Make something in one of the processes that test side by side; the others read it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return make()
    # Each process has a folder of its own in the one of the whole run.
    path = folders.getbasetemp().parent / f"{name}.pickle"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_bytes(pickle.dumps(make()))
    made: Baseline = pickle.loads(path.read_bytes())  # noqa: S301 - written above
    return made
