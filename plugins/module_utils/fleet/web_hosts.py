"""Which instances show the page: the web hosts, and one worker where that is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.fleet.plan import WEB, WORKER, role_of


@dataclass(frozen=True, order=True)
class Member:
    """An instance of the stack. `made` is when its disk was attached, which a restart does not change."""

    made: str
    id: str
    role: str


def members_of(instances: Iterable[dict[str, Any]]) -> list[Member]:
    """Return what `describe_instances` told, as far as it matters here."""
    return [
        Member(
            first_attached(str(disk["Ebs"].get("AttachTime", "")) for disk in disks_of(one)),
            one["InstanceId"],
            role_of(one),
        )
        for one in instances
    ]


def disks_of(instance: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the disks of an instance that is described; one that is being launched may have none yet."""
    return list(instance.get("BlockDeviceMappings", ()))


def first_attached(times: Iterable[str]) -> str:
    """Return the first of the times at which an instance's disks were attached."""
    return min(times, default="")


def showing_the_page(members: Iterable[Member], *, on_workers: bool) -> list[str]:
    """Return the ids of the web hosts, and of the worker that was made first if the page is on a worker.

    The first stays the first when others come, go, stop and start.
    """
    members = list(members)
    workers = [one for one in members if one.role == WORKER]
    chosen = [one for one in members if one.role == WEB] + ([min(workers)] if on_workers and workers else [])
    return sorted(one.id for one in chosen)
