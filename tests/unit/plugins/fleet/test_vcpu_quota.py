"""The account's quota of vCPUs, counted as it will be once what goes is gone."""

from typing import Any

from ansible.module_utils.fleet.plan import FleetPlan, InstanceGroup, make_plan
from ansible.module_utils.fleet.vcpu_quota import freed, needed

VCPUS = {"t3.small": 2, "m5.xlarge": 4, "p3.2xlarge": 8}
WORKERS = InstanceGroup("worker", 2, "t3.small")


def instance(number: int, kind: str = "t3.small", state: str = "running", **more: Any) -> dict[str, Any]:
    """Return an instance that was launched with other keys than this machine's."""
    tags = [{"Key": "jobfleet:key", "Value": "lost"}, {"Key": "jobfleet:group", "Value": "worker"}]
    return {"InstanceId": f"i-{number}", "InstanceType": kind, "State": {"Name": state}, "Tags": tags,
            "LaunchTime": number, **more}  # fmt: skip


def test_instances_that_are_replaced_make_room_for_those_that_come() -> None:
    plan = make_plan([WORKERS], [instance(1), instance(2)], "new", replace=True)

    assert needed(plan, [WORKERS], VCPUS) == {"on-demand": 4}
    assert freed(plan, VCPUS) == {"on-demand": 4}


def test_only_what_runs_and_counts_makes_room_in_its_market() -> None:
    leaving = [
        instance(1, state="stopped"), instance(2, "p3.2xlarge"), instance(3, "m5.xlarge"),
        instance(4, InstanceLifecycle="spot"), instance(5, state="pending"),
    ]  # fmt: skip

    assert freed(FleetPlan({}, [], leaving), VCPUS) == {"on-demand": 6, "spot": 2}
