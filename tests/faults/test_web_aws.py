"""AWS is away, or refuses, while files come in; or the web host's disk is full."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.commands.ask_server import ask, server_of
from localcloud.state import RunFolder
from tests import abilities
from tests.faults import acts as faults
from tests.faults.harness import SOAK, Stack
from tests.faults.test_disk import fill
from tests.faults.web_host import WebHost
from tests.faults.web_senders import Senders, by_client, new_batch, pictures
from tests.faults.web_verdict import check_web

FILES = 100 * SOAK

# While so many tries fail, several of every sender do.
FAILED_TRIES = 30


def failed(senders: Senders) -> int:
    """Return how many tries were answered, and told to try again later."""
    return sum(count for what, count in senders.tries().items() if re.match("5|429", what))


def test_while_aws_is_away_senders_are_told_to_try_again_and_nothing_is_lost(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    stack.start()
    host = web_host(wait_default=10, wait_max=20)
    host.start()
    batch = new_batch(host)
    files = pictures(FILES)
    with Senders([host]) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch), keys="away")
        senders.until_taken(10)
        stack.proxy.down()
        stack.until(lambda: failed(senders) >= FAILED_TRIES, 60, "senders are told to try again")
        assert host.alive
        stack.proxy.up()
        senders.finish()
    stack.until_done(60)

    check_web(stack, [host], senders, batch)


def test_calls_that_fail_before_or_after_their_effect_lose_and_double_nothing(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    of_uploads = f"PUT (uploads|web)/|SendMessage(Batch)? {stack.names.requests}"
    stack.start()
    host = web_host()
    host.start()
    batch = new_batch(host)
    files = pictures(FILES)
    for name, act, share in (
        ("reset before the effect", faults.reset_before, 0.1),
        ("reset after it", faults.reset_after, 0.1),
        ("500", faults.server_error, 0.1),
        ("throttled", faults.throttle, 0.2),
    ):
        stack.proxy.inject(name, act, of_uploads, share=share)
    with Senders([host]) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch), keys="failing")
        senders.until_taken(len(files) // 2)
        stack.proxy.clear()
        senders.finish()
    stack.until_done(60)

    figures = check_web(stack, [host], senders, batch)
    assert sum(figures.faults.values()) >= 20


def test_credentials_over_in_the_middle_of_a_batch_are_said_and_new_ones_go_on_with_it(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    stack.write_credentials()
    stack.start()
    host = web_host(wait_default=10, wait_max=20)
    host.start()
    batch = new_batch(host)
    files = pictures(FILES)
    with Senders([host]) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch), keys="session")
        senders.until_taken(10)
        ask(server_of(RunFolder(Path(stack.cloud["LOCALCLOUD_RUN"]))), "session/cancel")
        stack.proxy.injected["session cancelled"] += 1
        stack.until(lambda: failed(senders) >= FAILED_TRIES, 60, "senders are told to try again")
        told = host.get("/readyz")
        assert told.status_code == 503
        assert "credentials" in told.text or "session" in told.text
        assert host.alive
        stack.write_credentials()
        senders.finish()
    stack.until_done(60)

    check_web(stack, [host], senders, batch)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder where nothing more can be written."""
    with abilities.small_disk(tmp_path / "full", "64k", "--lazy") as disk:
        fill(disk)
        yield disk


def test_a_web_host_without_room_on_its_disk_takes_files_all_the_same(
    stack: Stack, web_host: Callable[..., WebHost], full_disk: Path
) -> None:
    stack.proxy.injected["disk full"] += 1
    stack.start()
    host = web_host(environment={"HOME": str(full_disk), "TMPDIR": str(full_disk)})
    host.start()
    batch = new_batch(host)
    files = pictures(FILES // 2)
    with Senders([host]) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch), keys="disk")
        senders.finish()
    stack.until_done(60)

    figures = check_web(stack, [host], senders, batch)
    assert set(figures.tries) <= {"200", "202"}
