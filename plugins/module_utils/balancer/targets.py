"""Hosts behind the balancer: registered, waited for until they are well, and drained before they go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ansible.module_utils.balancer.found import BalancedHost, health_of
from ansible.module_utils.balancer.wanted import NEW
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.process.patience import NEW_BALANCER, NEW_TARGET, patiently
from ansible.module_utils.scaling.changes import Changes

LOOK_SECONDS = 2

# Until a rule that is gone leads nowhere on all nodes of a balancer. AWS names no time.
RULES_COUNT_SECONDS = 5.0
DRAINING, HEALTHY = "draining", "healthy"


class Targets:
    """Who is registered with target groups; `timeout` in seconds is for each wait."""

    def __init__(self, elbv2: Any, changes: Changes, timeout: int) -> None:
        self._api, self._changes, self._timeout = elbv2, changes, timeout

    def ensure(self, arn: str, name: str, wanted: list[str]) -> None:
        """Have just these instances registered with a target group, by its ARN."""
        there = [] if arn == NEW else health_of(self._api, arn)
        held = sorted(one.instance for one in there if one.health != DRAINING)
        self._changes.ensure(
            f"targets of {name}", held, sorted(wanted), lambda: self._change(arn, set(held), set(wanted))
        )

    def drain(self, arns: list[str], leaving: list[str]) -> None:
        """Take instances out of all target groups, and wait until they have answered what they have begun."""
        gone: dict[str, list[str]] = {}
        for arn in arns:
            held = health_of(self._api, arn)
            there = [one.instance for one in held if one.instance in leaving]
            if there:
                gone[arn] = there
            still = sorted(one.instance for one in held if one.health != DRAINING and one.instance in there)
            self._changes.ensure(
                f"leaving targets of {arn.split('/')[-2]}", still, [],
                partial(self._change, arn, set(still), set()),
            )  # fmt: skip
        if not self._changes.dry:
            # Who answers on is cut off after a while: AWS drains no longer than the target group says.
            self._wait(lambda: self._draining(gone))

    def of(self, arns: Iterable[str]) -> list[str]:
        """Return the instances that are registered with target groups and do not drain."""
        held = [one for arn in arns for one in health_of(self._api, arn)]
        return [one.instance for one in held if one.health != DRAINING]

    def let_all_go(self, arns: list[str], drain_seconds: int) -> None:
        """Take all instances out of target groups to which no rule leads any more, and wait out the delay.

        They stay until the rules count everywhere: nodes of the balancer that still lead there would answer
        503 (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/3739). AWS calls targets
        to which no rule leads `unused`, and may not tell that they drain; so the delay is counted here, too.
        """
        leaving = self.of(arns)
        if leaving and not self._changes.dry:
            time.sleep(RULES_COUNT_SECONDS)
        begun = time.monotonic()
        self.drain(arns, leaving)
        if leaving and not self._changes.dry:
            time.sleep(max(0.0, drain_seconds - (time.monotonic() - begun)))

    def wait_until_well(self, wanted: dict[str, list[str]], state: Callable[[], str]) -> None:
        """Wait until the balancer is active and all are healthy.

        `wanted` has instances by the target group's ARN. `state` asks how the balancer is, with the reason if
        it failed. Raises `Refused` that says who is not, and why.
        """

        def left() -> list[str]:
            now = state()
            if now.startswith("failed"):
                raise Refused(
                    f"AWS could not set up the balancer ({now}): run stop.yml, and then this again."
                )
            if now not in ("active", "active_impaired"):
                return [f"the balancer is {now}"]
            return [text for arn, hosts in wanted.items() for text in self._unwell(arn, hosts)]

        if trouble := self._wait(left):
            raise Refused(
                f"After {self._timeout} s not all is well behind the balancer: {'; '.join(trouble)}. Look on "
                "such a host at `journalctl -u jobfleet-web -u nginx`, and run this again."
            )

    def _unwell(self, arn: str, hosts: list[str]) -> list[str]:
        found = {one.instance: one for one in health_of(self._api, arn)}
        missing = BalancedHost("", "unused", "not registered")
        return [
            BalancedHost(host, one.health, one.why).words
            for host in hosts
            if (one := found.get(host, missing)).health != HEALTHY
        ]

    def _draining(self, gone: dict[str, list[str]]) -> list[str]:
        return [
            one.words
            for arn, hosts in gone.items()
            for one in health_of(self._api, arn)
            if one.instance in hosts and one.health == DRAINING
        ]

    def _change(self, arn: str, held: set[str], wanted: set[str]) -> None:
        if more := sorted(wanted - held):
            patiently(
                self._api.register_targets, NEW_BALANCER, NEW_TARGET,
                TargetGroupArn=arn, Targets=[{"Id": one} for one in more],
            )  # fmt: skip
        if less := sorted(held - wanted):
            self._api.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": one} for one in less])

    def _wait(self, left: Callable[[], list[str]]) -> list[str]:
        """Look again until nothing is left to wait for, or the time is over; return what is left."""
        for _ in range(max(1, self._timeout // LOOK_SECONDS)):
            if not left():
                return []
            time.sleep(LOOK_SECONDS)
        return left()
