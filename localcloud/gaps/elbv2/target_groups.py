"""Target groups: made, changed and described."""

import re
from collections.abc import Iterable
from typing import Any

from moto.elbv2.exceptions import ELBClientError, LoadBalancerNotFoundError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeTargetGroup, elbv2_backends

from localcloud.gaps.elbv2.attributes import GROUP_DEFAULTS
from localcloud.gaps.elbv2.checks.names import check_name
from localcloud.gaps.elbv2.checks.refusals import invalid, not_here, require_number
from localcloud.gaps.elbv2.running import engine, groups_of
from localcloud.gaps.patching import put_over

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
_BOUNDS = {
    "port": ("Port", 1, 65_535),
    "healthcheck_interval_seconds": ("Health check interval", 5, 300),
    "healthcheck_timeout_seconds": ("Health check timeout", 2, 120),
    "healthy_threshold_count": ("Healthy threshold count", 2, 10),
    "unhealthy_threshold_count": ("Unhealthy threshold count", 2, 10),
}
_ONLY = {
    "target_type": "instance",
    "protocol": "HTTP",
    "protocol_version": "HTTP1",
    "healthcheck_protocol": "HTTP",
    "healthcheck_enabled": "true",
    "ip_address_type": "ipv4",
}
# The same words in ModifyTargetGroup, as moto names them.
_MODIFIED = {
    "health_check_interval": "healthcheck_interval_seconds",
    "health_check_timeout": "healthcheck_timeout_seconds",
    "health_check_path": "healthcheck_path",
    "health_check_port": "healthcheck_port",
    "health_check_proto": "healthcheck_protocol",
    "health_check_enabled": "healthcheck_enabled",
    "healthy_threshold_count": "healthy_threshold_count",
    "unhealthy_threshold_count": "unhealthy_threshold_count",
}
_DEFAULTS: dict[str, Any] = {
    "healthcheck_interval_seconds": 30,
    "healthcheck_timeout_seconds": 5,
    "healthy_threshold_count": 5,
    "unhealthy_threshold_count": 2,
    "healthcheck_path": "/",
    "healthcheck_port": "traffic-port",
    "healthcheck_protocol": "HTTP",
    "protocol_version": "HTTP1",
}
_LONGEST_PATH = 1_024


def mend() -> None:
    """Mend all gaps of target groups."""
    _a_new_one_is_checked()
    _a_changed_one_is_checked()
    _its_balancers_are_those_that_use_it()
    put_over(ELBv2Backend, "describe_target_groups", _describe_target_groups)


def _a_new_one_is_checked() -> None:
    """CreateTargetGroup refuses what cannot be, and the same call again finds what it made.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    moto takes any numbers, and refuses the same call.
    """
    create = ELBv2Backend.create_target_group

    def create_target_group(backend: ELBv2Backend, name: str, **asked: Any) -> FakeTargetGroup:
        check_name("target group", name)
        settings = {**_DEFAULTS, **{key: value for key, value in asked.items() if value is not None}}
        matcher = settings.setdefault("matcher", {"HttpCode": "200"})
        _check(settings, str(matcher.get("HttpCode", "")))
        for found in backend.target_groups.values():
            if found.name == name:
                if all(_is_set(found, key, settings.get(key)) for key in _SAME):
                    return found
                raise ELBClientError(
                    "DuplicateTargetGroupName",
                    f"A target group with the same name '{name}' exists, but with different settings",
                )
        made: FakeTargetGroup = create(backend, name, **settings)
        made.attributes = dict(GROUP_DEFAULTS)
        return made

    put_over(ELBv2Backend, "create_target_group", create_target_group)


# By moto's names of the parameters, those of the record.
_SAME = {
    "protocol": "protocol",
    "port": "port",
    "vpc_id": "vpc_id",
    "healthcheck_path": "health_check_path",
    "healthcheck_port": "health_check_port",
    "healthcheck_interval_seconds": "health_check_interval_seconds",
    "healthcheck_timeout_seconds": "health_check_timeout_seconds",
    "healthy_threshold_count": "healthy_threshold_count",
    "unhealthy_threshold_count": "unhealthy_threshold_count",
    "matcher": "matcher",
}


def _is_set(group: FakeTargetGroup, key: str, value: Any) -> bool:
    return str(getattr(group, _SAME[key])) == str(value)


def _check(settings: dict[str, Any], codes: str) -> None:
    """Let pass what a group can be. Raises `ELBClientError`."""
    for key, only in _ONLY.items():
        if str(settings.get(key, only)).lower() != only.lower():
            words = key.replace("_", " ").replace("healthcheck", "health check")
            raise not_here(f"the {words} '{settings[key]}' of target groups, only '{only}'")
    for key, (name, least, most) in _BOUNDS.items():
        if key in settings:
            require_number(name, settings[key], least, most)
    timeout, interval = settings["healthcheck_timeout_seconds"], settings["healthcheck_interval_seconds"]
    if int(timeout) >= int(interval):
        raise invalid(f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'")
    path = settings["healthcheck_path"]
    if not path.startswith("/") or len(path) > _LONGEST_PATH:
        raise invalid(
            f"Health check path '{path}' must begin with '/' and have at most {_LONGEST_PATH} characters"
        )
    if settings["healthcheck_port"] != "traffic-port":
        require_number("Health check port", settings["healthcheck_port"], 1, 65_535)
    _check_codes(codes)


def _check_codes(codes: str) -> None:
    for part in codes.split(","):
        if not re.fullmatch(r"[2-4]\d\d(-[2-4]\d\d)?", part):
            raise invalid(f"Health check matcher HTTP code '{codes}' must be within '200-499' inclusive")


def _a_changed_one_is_checked() -> None:
    """ModifyTargetGroup takes what CreateTargetGroup takes; moto takes any numbers.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html
    """
    modify = ELBv2Backend.modify_target_group

    def modify_target_group(backend: ELBv2Backend, arn: str, *values: Any, **asked: Any) -> FakeTargetGroup:
        group = backend.target_groups.get(arn)
        if group is None:
            raise TargetGroupNotFoundError()
        words = list(modify.__annotations__)[1:]
        given = {**dict(zip(words, values, strict=False)), **asked}
        settings = {key: getattr(group, name) for key, name in _SAME.items()}
        settings |= {_MODIFIED[key]: value for key, value in given.items() if key in _MODIFIED and value}
        _check(settings, given.get("http_codes") or str(group.matcher["HttpCode"]))
        if codes := given.get("http_codes"):
            group.matcher = {"HttpCode": codes}
        given["http_codes"] = None
        changed: FakeTargetGroup = modify(backend, arn, **given)
        engine.wake()
        return changed

    put_over(ELBv2Backend, "modify_target_group", modify_target_group)


def _its_balancers_are_those_that_use_it() -> None:
    """A group has the load balancers whose listeners and rules name it. moto remembers all that ever did.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
    """

    def load_balancer_arns(group: FakeTargetGroup) -> list[str]:
        backend = elbv2_backends[group.account_id][group.region_name]
        return [arn for arn, one in list(backend.load_balancers.items()) if group.arn in groups_of(one)]

    def remember(group: FakeTargetGroup, arns: list[str]) -> None:
        """Remember nothing: it is worked out when it is asked for."""

    FakeTargetGroup.load_balancer_arns = property(load_balancer_arns, remember)  # type: ignore[assignment]


def _describe_target_groups(
    backend: ELBv2Backend,
    load_balancer_arn: str | None,
    target_group_arns: list[str],
    names: list[str] | None,
) -> Iterable[FakeTargetGroup]:
    """DescribeTargetGroups of a balancer that uses none is empty. moto refuses it.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
    """
    if sum(map(bool, (load_balancer_arn, target_group_arns, names))) > 1:
        raise invalid(
            "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same "
            "time"
        )
    found = sorted(backend.target_groups.values(), key=lambda one: one.name)
    if load_balancer_arn:
        if load_balancer_arn not in backend.load_balancers:
            raise LoadBalancerNotFoundError()
        return [one for one in found if load_balancer_arn in one.load_balancer_arns]
    wanted = set(target_group_arns or names or [])
    if not wanted:
        return found
    found = [one for one in found if one.arn in wanted or one.name in wanted]
    if len(found) < len(wanted):
        raise TargetGroupNotFoundError()
    return found
