"""Targets of a group: registered, deregistered, and their health."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from localcloud.balancers.model import TargetName
from localcloud.gaps.elbv2.checks.refusals import require_number
from localcloud.gaps.elbv2.running import Registered, engine, registered, verdict_on
from localcloud.gaps.patching import put_over

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST = 1_000


def mend() -> None:
    """Mend all gaps of targets."""
    put_over(ELBv2Backend, "register_targets", _register_targets)
    put_over(ELBv2Backend, "deregister_targets", _deregister_targets)
    put_over(ELBv2Backend, "describe_target_health", _describe_target_health)


def _register_targets(backend: ELBv2Backend, target_group_arn: str, instances: list[Any]) -> None:
    """RegisterTargets takes running instances of the group's VPC, each with as many ports as are wanted.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
    moto takes instances that there are not, and remembers one port an instance.
    """
    group = _group(backend, target_group_arn)
    names = [_name(group, one) for one in instances]
    found = {name: backend.ec2_backend.get_instance_by_id(name.id) for name in names}
    if strange := [name.id for name, one in found.items() if one is None or one.vpc_id != group.vpc_id]:
        raise ELBClientError(
            "InvalidTarget", f"The following targets are not in the target group's VPC: {_quoted(strange)}"
        )
    if still := [name.id for name, one in found.items() if one and one.state != "running"]:
        raise ELBClientError(
            "InvalidTarget",
            f"The following targets are not in a running state and cannot be registered: {_quoted(still)}",
        )
    present = registered(group)
    if len({*present, *names}) > _MOST:
        raise ELBClientError("TooManyTargets", f"A target group has at most {_MOST} targets.")
    for name in names:
        if name not in present or present[name].drained_at is not None:
            present[name] = Registered()
    engine.wake()


def _deregister_targets(
    backend: ELBv2Backend, target_group_arn: str, instances: list[dict[str, Any]]
) -> None:
    """DeregisterTargets drains; "if the specified target does not exist, the action returns successfully".

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
    moto refuses the latter, and forgets the target at once.
    """
    group = _group(backend, target_group_arn)
    present = registered(group)
    for one in instances:
        # Without a port, all that are registered of the instance.
        wanted = [name for name in present if name.id == one["Id"] and one.get("Port") in (None, name.port)]
        for name in wanted:
            present[name].drain(group)
    engine.wake()


def _describe_target_health(
    backend: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
) -> list[FakeHealthStatus]:
    """DescribeTargetHealth tells what the checks found, also of targets that drain. moto says `healthy`.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
    """
    group = _group(backend, target_group_arn)
    names = [_name(group, one) for one in targets] or list(registered(group))
    strange = [name.id for name in names if backend.ec2_backend.get_instance_by_id(name.id) is None]
    if targets and strange:
        raise ELBClientError("InvalidTarget", f"The following targets are not known: {_quoted(strange)}")
    return [_status(group, name) for name in names]


def _group(backend: ELBv2Backend, arn: str) -> FakeTargetGroup:
    if arn not in backend.target_groups:
        raise TargetGroupNotFoundError()
    return backend.target_groups[arn]


def _name(group: FakeTargetGroup, target: dict[str, Any]) -> TargetName:
    return TargetName(target["Id"], require_number("Port", target.get("Port", group.port), 1, 65_535))


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _status(group: FakeTargetGroup, name: TargetName) -> FakeHealthStatus:
    verdict = verdict_on(ec2_backends[group.account_id][group.region_name], group, name)
    port = str(name.port) if group.health_check_port == "traffic-port" else str(group.health_check_port)
    return FakeHealthStatus(name.id, str(name.port), port, verdict.state, verdict.reason, verdict.description)
