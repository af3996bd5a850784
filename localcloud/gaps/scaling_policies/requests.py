"""Auto Scaling: PutScalingPolicy, DescribePolicies, DeletePolicy and ExecutePolicy.

moto knows a policy by its name alone, whatever its group, and executes simple ones only, without cooldown,
minimum and maximum. No alarm executes any.
"""

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult, EmptyResult

from localcloud.gaps.patching import put_over
from localcloud.gaps.scaling_policies import records, target_tracking
from localcloud.gaps.scaling_policies.execution import Busy, NotExecuted, execute_for_user
from localcloud.gaps.scaling_policies.groups import all_groups
from localcloud.gaps.scaling_policies.policy import TARGET, Policy, read_policy

# DescribePolicies answers at most so many at once; a group has at most 50 policies.
_MOST = 100


class _ScalingActivityInProgress(AutoscalingClientError):
    code = "ScalingActivityInProgress"


def mend() -> None:
    """Mend all gaps of scaling policies."""
    put_over(AutoScalingResponse, "put_scaling_policy", _put_scaling_policy)
    put_over(AutoScalingResponse, "describe_policies", _describe_policies)
    put_over(AutoScalingResponse, "delete_policy", _delete_policy)
    put_over(AutoScalingResponse, "execute_policy", _execute_policy)


def _put_scaling_policy(response: AutoScalingResponse) -> ActionResult:
    asked: dict[str, Any] = response._get_params()
    account, region = response.current_account, response.region
    name = str(asked.get("AutoScalingGroupName") or "")
    with all_groups().changing(account, region) as groups:
        if name not in groups:
            raise ValidationError(f"Group {name} not found")
        arn = groups[name].arn
    policy = records.put(read_policy(asked, arn, region, account))
    if policy.kind == TARGET:
        target_tracking.watch(policy)
    return ActionResult({"PolicyARN": policy.arn, "Alarms": alarms_of(policy)})


def alarms_of(policy: Policy) -> list[dict[str, str]]:
    """Return the alarms that execute a policy."""
    alarms = list(cloudwatch_backends[policy.account][policy.region].alarms.values())
    return [
        {"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn}
        for alarm in alarms
        if policy.arn in (*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions)
    ]


def _describe_policies(response: AutoScalingResponse) -> ActionResult:
    asked: dict[str, Any] = response._get_params()
    group, names, kinds = (
        asked.get("AutoScalingGroupName"),
        asked.get("PolicyNames"),
        asked.get("PolicyTypes"),
    )
    found = [
        policy
        for policy in records.policies(response.current_account, response.region)
        if group in (None, policy.group)
        and (not names or policy.name in names or policy.arn in names)
        and (not kinds or policy.kind in kinds)
    ]
    start = int(asked.get("NextToken") or 0)
    end = start + min(int(asked.get("MaxRecords") or _MOST), _MOST)
    more = {"NextToken": str(end)} if len(found) > end else {}
    described = [policy.described(alarms_of(policy)) for policy in found[start:end]]
    return ActionResult({"ScalingPolicies": described, **more})


def _find(response: AutoScalingResponse, asked: dict[str, Any]) -> Policy | None:
    """Return the policy that a request names, by its ARN or by its name and group."""
    name, group = asked.get("PolicyName"), asked.get("AutoScalingGroupName")
    if not group and not str(name).startswith("arn:"):
        raise ValidationError("AutoScalingGroupName is required, unless PolicyName is an ARN")
    for policy in records.policies(response.current_account, response.region):
        if name == policy.arn or (name == policy.name and group == policy.group):
            return policy
    return None


def _delete_policy(response: AutoScalingResponse) -> ActionResult:
    policy = _find(response, response._get_params())
    if policy is not None:
        target_tracking.unwatch(policy)
        records.remove(policy)
    return EmptyResult()


def _execute_policy(response: AutoScalingResponse) -> ActionResult:
    asked: dict[str, Any] = response._get_params()
    policy = _find(response, asked)
    if policy is None:
        raise ValidationError(f"No policy found for group and policy name {asked.get('PolicyName')}")
    value, threshold = asked.get("MetricValue"), asked.get("BreachThreshold")
    try:
        execute_for_user(
            policy,
            honor_cooldown=bool(asked.get("HonorCooldown")),
            value=None if value is None else float(value),
            threshold=None if threshold is None else float(threshold),
        )
    except Busy as problem:
        raise _ScalingActivityInProgress(str(problem)) from problem
    except NotExecuted as problem:
        raise ValidationError(str(problem)) from problem
    return EmptyResult()
