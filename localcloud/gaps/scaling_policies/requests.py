"""The policies of groups: put, described, deleted, executed."""

from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from localcloud.gaps.autoscaling.answering import Asked, answering, required
from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.scaling_policies import records, target_tracking
from localcloud.gaps.scaling_policies.execution import Busy, NotExecuted, execute_for_user
from localcloud.gaps.scaling_policies.policy import TARGET, Policy, read_policy
from localcloud.scaling_groups import wishes
from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import in_progress, invalid

# DescribePolicies answers at most so many at once.
_MOST_RECORDS = 100


@answering
def put_scaling_policy(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html."""
    required(asked, "PolicyName")
    with engine.changing(place) as groups:
        policy = read_policy(asked, wishes.find(groups, required(asked, "AutoScalingGroupName")))
    records.put(policy)
    if policy.kind == TARGET:
        target_tracking.watch(policy)
    return {"PolicyARN": policy.arn, "Alarms": alarms_of(policy)}


def alarms_of(policy: Policy) -> list[dict[str, str]]:
    """Return the alarms that execute a policy."""
    alarms = list(cloudwatch_backends[policy.place.account][policy.place.region].alarms.values())
    return [
        {"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn}
        for alarm in alarms
        if policy.arn in (*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions)
    ]


@answering
def describe_policies(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribePolicies.html."""
    group, names = asked.get("AutoScalingGroupName"), asked.get("PolicyNames")
    kinds = asked.get("PolicyTypes")
    found = [
        policy
        for policy in records.policies(place)
        if group in (None, policy.group)
        and (not names or policy.name in names or policy.arn in names)
        and (not kinds or policy.kind in kinds)
    ]
    start = int(asked.get("NextToken") or 0)
    end = start + min(int(asked.get("MaxRecords") or _MOST_RECORDS), _MOST_RECORDS)
    more = {"NextToken": str(end)} if len(found) > end else {}
    described = [policy.described(alarms_of(policy)) for policy in found[start:end]]
    return {"ScalingPolicies": described, **more}


def _find(place: Place, asked: Asked) -> Policy:
    """Return the policy that a request names, by its ARN or by its name and group. Raises `GroupError`."""
    name, group = required(asked, "PolicyName"), asked.get("AutoScalingGroupName")
    if not group and not name.startswith("arn:"):
        raise invalid("AutoScalingGroupName is required, unless PolicyName is an ARN")
    for policy in records.policies(place):
        if name == policy.arn or (name == policy.name and group == policy.group):
            return policy
    raise invalid(f"No policy found for group and policy name: {group or '-'} {name}")


@answering
def delete_policy(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeletePolicy.html."""
    policy = _find(place, asked)
    target_tracking.unwatch(policy)
    records.remove(policy)


@answering
def execute_policy(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExecutePolicy.html."""
    policy = _find(place, asked)
    try:
        execute_for_user(
            policy,
            honor_cooldown=bool(asked.get("HonorCooldown")),
            value=asked.get("MetricValue"),
            threshold=asked.get("BreachThreshold"),
        )
    except Busy as problem:
        raise in_progress(str(problem)) from problem
    except NotExecuted as problem:
        raise invalid(str(problem)) from problem
