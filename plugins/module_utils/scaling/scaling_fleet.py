"""A stack's scaling as a whole: switched on, stopped for a while, or gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible.module_utils.account.lab_limits import LabLimits
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.fleet.launch_network import default_vpc, subnets_of
from ansible.module_utils.fleet.plan import COUNTED, GROUP_TAG, KEY_TAG, ROLE_TAG, SCALED_TAG
from ansible.module_utils.preflight.aws_limits import is_private
from ansible.module_utils.project.project_module import project_module
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.hosts import alive, group_of, launch_first, scaled_hosts, wait_for_one
from ansible.module_utils.scaling.launch_templates import Templates, template_data, templates_of
from ansible.module_utils.scaling.leaving import Leaving
from ansible.module_utils.scaling.published import GROUPS, PLAIN, PublishedScaling, document, read
from ansible.module_utils.scaling.refusals import DENIED, GroupsRefused, make_service_role, unless_refused
from ansible.module_utils.scaling.scaling_groups import (
    ALWAYS_SUSPENDED,
    SUSPENDED_IN_A_LAB,
    Groups,
    WantedGroup,
)
from ansible.module_utils.scaling.shares import ScaledGroup
from ansible.module_utils.scaling.wake_alarm import WakeAlarm
from botocore.exceptions import ClientError

STACK_TAG = "jobfleet:stack"

# A plain host may be launched by a scaler that read its configuration a moment before it was paused.
LAST_LOOKS = 3


@dataclass(frozen=True)
class Apis:
    """Clients of the services."""

    ec2: Any
    autoscaling: Any
    cloudwatch: Any
    s3: Any
    iam: Any


class ScalingFleet:
    """The scaling of one stack, with one module call's parameters."""

    def __init__(self, apis: Apis, params: dict[str, Any], most: LabLimits, changes: Changes) -> None:
        self._apis, self._params, self._most, self._changes = apis, params, most, changes
        self._stack = params["stack"]
        self._groups = Groups(apis.autoscaling, changes)
        self._published = PublishedScaling(apis.s3, params["bucket"], changes)
        self._leaving = Leaving(apis.autoscaling, apis.ec2, changes, params["wait_timeout"])
        self._own_tags = {**{k: str(v) for k, v in params["tags"].items()}, STACK_TAG: self._stack}
        self._templates = Templates(apis.ec2, self._own_tags, changes)
        self._alarm = WakeAlarm(apis.autoscaling, apis.cloudwatch, self._stack, changes)

    def switch_on(self, wanted: list[ScaledGroup], region: str) -> dict[str, Any]:
        """Have the fleet scale. Raises `Refused`, `StillThere` and AWS's own errors."""
        held = self._published.held()
        if held is None:
            # From now on there is something to remove, whatever becomes of this run.
            self._published.mark(self._document(wanted, {}, GROUPS, paused=True))
        data = self._data()
        versions = {
            one.name: self._templates.ensure(one.name, template_data(one.kind, data)) for one in wanted
        }
        before = read(held) if held else None
        mode = self._make_groups(wanted, versions, region, was_plain=bool(before and before.mode == PLAIN))
        self._published.ensure(self._document(wanted, versions, mode, paused=False))
        self._end_what_is_left(wanted if mode == GROUPS else [])
        self._templates.remove(
            [one for one in templates_of(self._apis.ec2, STACK_TAG, self._stack) if one not in versions]
        )
        if mode == GROUPS:
            self._take_over_plain(wanted)
        else:
            self._start_plain(wanted, versions)
        alive = self._wait_for_life()
        return {"mode": mode, "versions": versions, "alive": alive, "came_in": self._published.came_in()}

    def stop(self) -> None:
        """Leave nothing running, each host drained, until `switch_on`."""
        if self._published.held() is None:
            return
        self._published.pause()
        names = self._close_groups()
        if names:
            self._leaving.empty(self._groups, names)
        self._end_plain()

    def switch_off(self, *, drain: bool) -> None:
        """Remove all of it: each host drained first, or at once, for a teardown."""
        if drain and self._published.held() is None:
            return
        self._published.pause()
        self._ensure_net(self._alarm.remove)
        if drain:
            self._remove_groups(list(self._groups.of_stack(STACK_TAG, self._stack)))
            self._end_plain()
        # Without a template no scaler, and no client, launches anything any more.
        self._templates.remove(templates_of(self._apis.ec2, STACK_TAG, self._stack))
        if not drain:
            self._leaving.delete(self._close_groups())
        self._published.remove()

    def _data(self) -> dict[str, Any]:
        """Return what a template's data are made of."""
        named = [
            {"Name": "group-name", "Values": [self._params["security_group"]]},
            {"Name": "vpc-id", "Values": [default_vpc(self._apis.ec2)]},
        ]
        found = self._apis.ec2.describe_security_groups(Filters=named)["SecurityGroups"]
        if not found and not self._changes.dry:
            raise Refused(f"There is no security group {self._params['security_group']} in the default VPC.")
        return {**self._params, "security_group_id": found[0]["GroupId"] if found else "(new)"}

    def _document(
        self, wanted: list[ScaledGroup], versions: dict[str, str], mode: str, *, paused: bool
    ) -> str:
        params = {
            **self._params["limits"],
            "lab_instances": self._most.instances,
            "lab_vcpus": self._most.vcpus,
            "paused": paused,
            "image": self._params["image_hash"],
        }
        return document(wanted, versions, mode, params=params)

    def _make_groups(
        self, wanted: list[ScaledGroup], versions: dict[str, str], region: str, *, was_plain: bool
    ) -> str:
        """Return the mode in which the fleet scales."""
        if was_plain and self._changes.dry:
            return PLAIN  # only a try tells
        # Where groups were refused before, one try is enough: the next run makes another.
        seconds = 0 if was_plain else self._params["refusal_patience"]
        try:
            self._ensure_groups(wanted, versions, region, seconds)
        except GroupsRefused as problem:
            self._changes.warnings.append(
                f"This account takes no Auto Scaling groups now ({problem}). The fleet scales all the same, "
                "by plain launches: while no host runs, a file in the drop folder wakes nobody until a "
                "client or a web host does. Each run of site.yml tries groups again."
            )
            return PLAIN
        self._ensure_net(lambda: self._alarm.ensure(
            self._params["queue"], [one.name for one in wanted], self._own_tags, self._boot()
        ))  # fmt: skip
        return GROUPS

    def _ensure_groups(
        self, wanted: list[ScaledGroup], versions: dict[str, str], region: str, seconds: int
    ) -> None:
        suspended = ALWAYS_SUSPENDED + (SUSPENDED_IN_A_LAB if self._most.instances is not None else ())
        patience = partial(
            unless_refused,
            make_role=lambda: make_service_role(self._apis.iam),
            seconds=seconds,
            say=self._changes.warnings.append,
        )
        public = not is_private(self._params["ssh_from"])
        for one in wanted:
            subnets, why = subnets_of(self._apis.ec2, one.kind, public=public, region=region)
            if why:
                raise Refused(why)
            self._groups.ensure(
                WantedGroup(one.name, one.name, versions[one.name], one.minimum, one.maximum, tuple(subnets)),
                self._tags_of(one), suspended, patience,
            )  # fmt: skip

    def _boot(self) -> float:
        """Return how many seconds a host takes from its launch to its first job, as it is set."""
        usual = project_module("jobfleet_scaling.policy.figures").Tuning().boot
        return float(self._params["limits"].get("boot") or usual)

    def _tags_of(self, one: ScaledGroup) -> dict[str, str]:
        return {
            **self._own_tags,
            "Name": self._params["name"],
            GROUP_TAG: one.kind.name,
            ROLE_TAG: one.kind.role,
            KEY_TAG: self._params["key_mark"],
            SCALED_TAG: "true",
        }

    def _ensure_net(self, call: Callable[[], Any]) -> None:
        """Make or remove the alarm; a fleet that may have none scales without."""
        try:
            call()
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in DENIED:
                raise
            self._changes.warnings.append(
                f"The alarm that wakes the fleet may not be changed ({problem}): while no host runs, a file "
                "in the drop folder wakes nobody until a client or a web host does."
            )

    def _end_what_is_left(self, wanted: list[ScaledGroup]) -> None:
        """Remove groups that are not wanted any more, and hosts that a lab stopped."""
        names, held = {one.name for one in wanted}, self._groups.of_stack(STACK_TAG, self._stack)
        if not wanted:
            self._ensure_net(self._alarm.remove)
        self._remove_groups([name for name in held if name not in names])
        hosts = scaled_hosts(self._apis.ec2, self._stack)
        self._leaving.end_dead(hosts, {name: group for name, group in held.items() if name in names})

    def _take_over_plain(self, wanted: list[ScaledGroup]) -> None:
        """End the hosts of a time without groups; groups launch as many, once there is room for them."""
        if hosts := self._plain_hosts():
            self._leaving.end_plain(hosts)
            first = wanted[0]
            held = self._groups.held([first.name]).get(first.name)
            if held and not self._changes.dry:
                desired = min(first.maximum, max(held["DesiredCapacity"], len(hosts)))
                self._apis.autoscaling.set_desired_capacity(
                    AutoScalingGroupName=first.name, DesiredCapacity=desired, HonorCooldown=False
                )

    def _start_plain(self, wanted: list[ScaledGroup], versions: dict[str, str]) -> None:
        if self._params["limits"]["min"] > 0 and not self._plain_hosts():
            first, bucket = wanted[0], self._params["bucket"]
            self._changes.ensure(
                f"first host of {first.name}", None, "one host",
                lambda: launch_first(
                    self._apis.ec2, self._apis.s3, bucket, first, versions[first.name], self._most
                ),
            )  # fmt: skip

    def _end_plain(self) -> None:
        for _ in range(LAST_LOOKS):
            hosts = [one for one in scaled_hosts(self._apis.ec2, self._stack) if not group_of(one)]
            if not hosts:
                return
            self._leaving.end_plain(hosts)
            if self._changes.dry:
                return

    def _plain_hosts(self) -> list[dict[str, Any]]:
        hosts = scaled_hosts(self._apis.ec2, self._stack)
        return [one for one in hosts if not group_of(one) and one["State"]["Name"] in COUNTED]

    def _close_groups(self) -> list[str]:
        held = self._groups.of_stack(STACK_TAG, self._stack)
        for name, group in held.items():
            self._groups.close(name, group)
        return sorted(held)

    def _remove_groups(self, names: list[str]) -> None:
        if not names:
            return
        for name, group in self._groups.held(names).items():
            self._groups.close(name, group)
        self._leaving.empty(self._groups, names)
        self._leaving.delete(names)

    def _wait_for_life(self) -> list[str]:
        """Return which hosts are alive; where some must run, wait for the first. Raises `Refused`."""

        def look() -> list[str]:
            hosts = scaled_hosts(self._apis.ec2, self._stack)
            return alive(self._apis.s3, self._params["bucket"], hosts)

        if self._changes.dry:
            return []
        if self._params["limits"]["min"] == 0:
            return look()
        if found := wait_for_one(look, self._params["wait_timeout"]):
            return found
        raise Refused(
            f"No host of the fleet reported within {self._params['wait_timeout']} s. What ran before still "
            "runs. Look at the group's activity in the console (EC2, Auto Scaling groups), and on a host at "
            "`journalctl -u jobfleet-worker`. A lab may have no room for one more."
        )
