"""The lifecycle hook of the group that takes this host away: it waits until the worker has drained.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html: an action ends after its
heartbeat timeout, unless heartbeats are recorded, and in any case after 100 times that.
"""

from collections.abc import Callable
from typing import Any

from jobfleet_scaling.fleet.groups import DRAIN_HOOK

HEARTBEAT_SECONDS = 30.0


class DrainHook:
    """The hook's action for this host. `autoscaling` returns a client."""

    def __init__(self, autoscaling: Callable[[], Any], host: str, monotonic: Callable[[], float]) -> None:
        self._autoscaling, self._host, self._monotonic = autoscaling, host, monotonic
        self._group: str | None = None
        self._due = float("-inf")
        self._is_over = False

    def keep_waiting(self) -> None:
        """Have the group wait on, if it does. Raises AWS's errors; then it is due again at once."""
        if self._is_over or self._monotonic() < self._due or not self._waits():
            return
        self._autoscaling().record_lifecycle_action_heartbeat(**self._action())
        self._due = self._monotonic() + HEARTBEAT_SECONDS

    def go_on(self) -> None:
        """Let the group take the host. Raises AWS's errors; then it may be called again."""
        if self._is_over or not self._waits():
            return
        self._autoscaling().complete_lifecycle_action(**self._action(), LifecycleActionResult="CONTINUE")
        self._is_over = True

    def _waits(self) -> bool:
        """Tell whether the group waits for this host; before that, and without a group, it does not."""
        answer = self._autoscaling().describe_auto_scaling_instances(InstanceIds=[self._host])
        told: dict[str, Any] = next(iter(answer["AutoScalingInstances"]), {})
        self._group = told.get("AutoScalingGroupName")
        return bool(told.get("LifecycleState") == "Terminating:Wait")

    def _action(self) -> dict[str, Any]:
        return {
            "LifecycleHookName": DRAIN_HOOK,
            "AutoScalingGroupName": self._group,
            "InstanceId": self._host,
        }
