"""Attributes of load balancers and target groups.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
moto knows half of them with other defaults, takes values that cannot be, and returns only what was changed.
"""

from collections.abc import Callable, Mapping
from functools import partial

from moto.elbv2.exceptions import ELBClientError, LoadBalancerNotFoundError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.responses import ELBV2Response

from localcloud.gaps.elbv2.checks.refusals import not_here, require_number, require_one_of
from localcloud.gaps.elbv2.running import engine
from localcloud.gaps.patching import put_over

Checker = Callable[[str, str], object]

BALANCER_DEFAULTS = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
GROUP_DEFAULTS = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}


def _number(least: int, most: int) -> Checker:
    return lambda key, value: require_number(key, value, least, most)


def _one_of(*allowed: str) -> Checker:
    return lambda key, value: require_one_of(key, value, allowed)


# The others can be read, and stay as they are.
_BALANCER_CHECKS: dict[str, Checker] = {
    "deletion_protection.enabled": _one_of("true", "false"),
    "idle_timeout.timeout_seconds": _number(1, 4000),
    "routing.http.xff_header_processing.mode": _one_of("append", "preserve", "remove"),
}
_GROUP_CHECKS: dict[str, Checker] = {
    "deregistration_delay.timeout_seconds": _number(0, 3600),
    "load_balancing.algorithm.type": _one_of("round_robin", "least_outstanding_requests"),
    "stickiness.enabled": _one_of("true", "false"),
    "stickiness.lb_cookie.duration_seconds": _number(1, 604_800),
    "stickiness.type": _one_of("lb_cookie"),
}


def mend() -> None:
    """Mend all gaps of attributes."""
    put_over(ELBv2Backend, "modify_load_balancer_attributes", _modify_balancer)
    put_over(ELBv2Backend, "modify_target_group_attributes", _modify_group)
    put_over(ELBV2Response, "modify_target_group_attributes", _answer_modified_group)


def _changed(
    kind: str,
    present: Mapping[str, object],
    wanted: Mapping[str, object],
    checks: Mapping[str, Checker],
) -> dict[str, str]:
    """Return the attributes as they are to be. Raises `ELBClientError`."""
    for key, value in wanted.items():
        if key not in present:
            raise ELBClientError("ValidationError", f"{kind} attribute key '{key}' is not recognized")
        if key in checks:
            checks[key](key, str(value))
        elif str(value) != str(present[key]):
            raise not_here(f"'{value}' for the attribute '{key}', only '{present[key]}'")
    return {key: str(value) for key, value in {**present, **wanted}.items()}


_of_balancer = partial(_changed, "Load balancer", checks=_BALANCER_CHECKS)
_of_group = partial(_changed, "Target group", checks=_GROUP_CHECKS)


def _modify_balancer(backend: ELBv2Backend, arn: str, attrs: dict[str, str]) -> dict[str, str]:
    balancer = backend.load_balancers.get(arn)
    if balancer is None:
        raise LoadBalancerNotFoundError(f"Load balancer '{arn}' not found")
    balancer.attrs = _of_balancer(balancer.attrs, attrs)
    engine.wake()
    return balancer.attrs


def _modify_group(backend: ELBv2Backend, target_group_arn: str, attributes: dict[str, str]) -> None:
    group = backend.target_groups.get(target_group_arn)
    if group is None:
        raise TargetGroupNotFoundError()
    group.attributes = dict(_of_group(group.attributes, attributes))
    engine.wake()


def _answer_modified_group(response: ELBV2Response) -> object:
    """Answer with all attributes; moto answers with those that were asked for."""
    arn = response._get_param("TargetGroupArn")
    wanted = {one["Key"]: one["Value"] for one in response._get_param("Attributes", [])}
    response.elbv2_backend.modify_target_group_attributes(arn, wanted)
    return response.describe_target_group_attributes()
