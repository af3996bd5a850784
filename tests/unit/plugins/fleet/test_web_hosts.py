"""Which instances show the page; no AWS."""

from typing import Any

from ansible.module_utils.fleet.web_hosts import Member, members_of, showing_the_page


def worker(name: str, made: str) -> Member:
    return Member(made, name, "worker")


FLEET = [worker("i-1", "2026-01-02"), worker("i-2", "2026-01-01"), Member("2026-01-03", "i-3", "web")]


def test_the_web_hosts_show_it_and_no_worker_does_unless_that_is_wanted() -> None:
    assert showing_the_page(FLEET, on_workers=False) == ["i-3"]
    assert showing_the_page(FLEET[:2], on_workers=False) == []


def test_of_the_workers_the_one_that_was_made_first_shows_it() -> None:
    assert showing_the_page(FLEET, on_workers=True) == ["i-2", "i-3"]
    assert showing_the_page([], on_workers=True) == []


def test_of_two_that_were_made_at_once_it_is_always_the_same() -> None:
    twins = [worker("i-b", "2026-01-01"), worker("i-a", "2026-01-01")]

    assert showing_the_page(twins, on_workers=True) == ["i-a"]
    assert showing_the_page(twins[::-1], on_workers=True) == ["i-a"]


def test_a_restart_makes_no_other_worker_the_first() -> None:
    def instance(name: str, attached: str, launched: str) -> dict[str, Any]:
        disk = {"DeviceName": "/dev/xvda", "Ebs": {"AttachTime": attached}}
        return {"InstanceId": name, "LaunchTime": launched, "BlockDeviceMappings": [disk]}

    there = [instance("i-new", "2026-02-01", "2026-02-01"), instance("i-old", "2026-01-01", "2026-03-01")]

    assert showing_the_page(members_of(there), on_workers=True) == ["i-old"]
