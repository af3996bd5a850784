"""The web tier's process, or a worker, goes while files come in."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import random
from collections.abc import Callable

from tests.faults.harness import SOAK, VISIBILITY_TIMEOUT, Stack
from tests.faults.web_host import WebHost
from tests.faults.web_senders import Senders, by_client, new_batch, pictures
from tests.faults.web_verdict import check_web

FILES = 120 * SOAK


def test_kills_of_the_web_process_during_uploads_lose_nothing_that_was_taken(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    chance = random.Random(31)
    stack.start()
    host = web_host()
    host.start()
    batch = new_batch(host)
    files = pictures(FILES)
    with Senders([host]) as senders:
        senders.begin(files[::3])
        senders.begin(files[1::3], by_client(batch), keys="at-once")
        senders.begin(files[2::3], by_client(batch, waits=True), keys="waiting")
        kills = 0
        while kills < 5 * SOAK and senders.under_way():
            # Some kills hit the start itself.
            senders.until_taken(chance.randint(0, 15))
            host.kill()
            stack.proxy.injected["kill -9 of the web process"] += 1
            kills += 1
            host.start()
        senders.finish()
    assert kills >= 4, "all was sent before the kills; take more files"
    stack.until_done(60)

    host.kill()
    host.start()
    figures = check_web(stack, [host], senders, batch)
    assert figures.tries["ConnectionError"], "no kill met a sender; take more files"


def test_restarts_of_the_web_process_during_uploads_refuse_nobody(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    stack.start()
    host = web_host()
    host.start()
    batch = new_batch(host)
    files = pictures(FILES)
    with Senders([host]) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch), keys="restart")
        codes = []
        while len(codes) < 3 * SOAK and senders.under_way():
            senders.until_taken(5)
            codes.append(host.stop())
            stack.proxy.injected["restart of the web process"] += 1
            host.start()
        senders.finish()
    stack.until_done(60)

    figures = check_web(stack, [host], senders, batch)
    assert not any(codes), codes
    assert len(codes) >= 2, "all was sent before the restarts; take more files"
    assert set(figures.tries) <= {"200", "202"}
    assert figures.jobs == len(files)


def test_workers_killed_during_uploads_are_not_noticed_by_who_sends(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    chance = random.Random(32)
    worker = stack.start()
    host = web_host(wait_max=20 * VISIBILITY_TIMEOUT)
    host.start()
    batch = new_batch(host)
    files = pictures(FILES)
    with Senders([host]) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch), keys="worker")
        kills = 0
        while kills < 3 * SOAK and senders.under_way():
            senders.until_taken(chance.randint(3, 15))
            worker.kill()
            stack.proxy.injected["kill -9 of the worker"] += 1
            kills += 1
            stack.give_back()
            worker = stack.start()
        senders.finish()
    assert kills >= 3, "all was done before the kills; take more files"
    stack.until_done(60)

    figures = check_web(stack, [host], senders, batch)
    assert set(figures.tries) <= {"200", "202"}
    assert figures.jobs == len(files)
