"""The engine: all groups of a cloud, and the thread that brings them on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.scaling_groups.capacity import Capacity
from localcloud.scaling_groups.ec2 import CloudClock, Ec2, Place
from localcloud.scaling_groups.group import GroupMember, Groups, ScalingGroup
from localcloud.scaling_groups.lifecycle import MemberLife, moments
from localcloud.turns import TurnTaker


class GroupEngine:
    """Brings groups to what they are told to be. Safe for several threads."""

    def __init__(self, ec2: Ec2, clock: CloudClock, groups: Groups) -> None:
        """Take instances from `ec2`, and keep `groups`; nothing moves before `start`."""
        self.ec2 = ec2
        self.clock = clock
        self.lifecycle = MemberLife(ec2, clock)
        self.capacity = Capacity(ec2, clock, self.lifecycle)
        self._groups = groups
        self._lock = threading.RLock()
        self._turns = TurnTaker("scaling groups", self.turn)

    def start(self) -> None:
        """Begin to bring the groups on, in a thread of its own."""
        self._turns.start()

    def stop(self) -> None:
        """Leave the groups as they are; nothing is launched or terminated any more."""
        self._turns.stop()

    def wake(self) -> None:
        """Look at the groups soon: something has happened to an instance."""
        self._turns.wake()

    @contextmanager
    def changing(self, place: Place) -> Iterator[dict[str, ScalingGroup]]:
        """Hand out the groups of a place, by name, to be read and changed while nothing else moves them."""
        with self._lock:
            yield self._groups.setdefault(place, {})
        self._turns.wake()

    def everything(self) -> list[ScalingGroup]:
        """Return all groups of all accounts."""
        with self._lock:
            return [group for groups in self._groups.values() for group in groups.values()]

    def summary(self) -> list[dict[str, Any]]:
        """Return what people want to know of each group."""
        with self._lock:
            return [
                {
                    "name": group.name,
                    "min": group.minimum,
                    "max": group.maximum,
                    "desired": group.desired,
                    "suspended": sorted(group.suspended),
                    "instances": {one.id: str(one.stage) for one in group.members.values()},
                }
                for group in self.everything()
            ]

    def member(self, place: Place, instance: str) -> tuple[ScalingGroup, GroupMember] | None:
        """Return the group of an instance and its part in it; None if it is in none."""
        with self._lock:
            for group in self._groups.get(place, {}).values():
                if instance in group.members:
                    return group, group.members[instance]
        return None

    def turn(self) -> float | None:
        """Bring all groups on as far as it goes, and return in how many seconds something is due.

        None means that only an event can move them.
        """
        with self._lock:
            for group in self.everything():
                self._go_on(group)
                if not group.being_deleted:
                    self.capacity.bring(group)
                    self._go_on(group)
                elif not group.members:
                    del self._groups[group.place][group.name]
            now = self.clock.now()
            due = [moment for group in self.everything() for moment in moments(group) if moment > now]
        return min(due) - now if due else None

    def _go_on(self, group: ScalingGroup) -> None:
        for member in list(group.members.values()):
            self.lifecycle.go_on(group, member)
