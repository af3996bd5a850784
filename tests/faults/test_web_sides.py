"""Two web hosts side by side, with the same stack."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import random
from collections.abc import Callable

from tests.faults.harness import SOAK, Stack
from tests.faults.web_host import WebHost
from tests.faults.web_senders import Senders, by_client, job_of, new_batch, pictures
from tests.faults.web_verdict import check_web

FILES = 120 * SOAK


def test_of_two_web_hosts_one_may_be_killed_again_and_again(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    chance = random.Random(33)
    stack.start()
    hosts = [web_host("one"), web_host("two")]
    for host in hosts:
        host.start()
    batch = new_batch(hosts[0])
    files = pictures(FILES)
    with Senders(hosts) as senders:
        senders.begin(files[::2])
        senders.begin(files[1::2], by_client(batch, waits=True), keys="sides")
        kills = 0
        while kills < 4 * SOAK and senders.under_way():
            senders.until_taken(chance.randint(3, 15))
            hosts[0].kill()
            stack.proxy.injected["kill -9 of one web process"] += 1
            kills += 1
            hosts[0].start()
        senders.finish()
    assert kills >= 3, "all was sent before the kills; take more files"
    stack.until_done(60)

    for host in reversed(hosts):
        check_web(stack, [host], senders, batch)


def test_the_same_upload_to_two_web_hosts_at_once_is_one_job(
    stack: Stack, web_host: Callable[..., WebHost]
) -> None:
    stack.start()
    hosts = [web_host("one"), web_host("two")]
    for host in hosts:
        host.start()
    batch = new_batch(hosts[0])
    files = pictures(20 * SOAK)
    with Senders(hosts, threads=8) as senders:
        # One after the other, so that both go out at the same time.
        for picture in files:
            senders.begin([picture, picture], by_client(batch), keys="twice")
        senders.finish()
    stack.until_done(60)

    ids = [job_of(one)["id"] for one in senders.sendings if one.answer]
    assert len(ids) == 2 * len(files)
    assert ids[::2] == ids[1::2]
    figures = check_web(stack, hosts, senders)
    assert figures.jobs == len(files)
