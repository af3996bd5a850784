"""What a stack's load balancer, target groups, listeners and rules should be, as AWS takes them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.balancer.names import target_group_name
from ansible.module_utils.fleet.plan import InstanceGroup

HTTP, HTTPS = 80, 443
# At least two zones, whatever the groups need:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
LEAST_ZONES = 2
PRIORITY_STEP = 10
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html
MAX_BODY = 1024
# Stands for the ARN of what a run in check mode would make.
NEW = "(new)"


@dataclass(frozen=True)
class WantedRule:
    """A rule: requests that match one of `patterns` go to the target group `target`, an ARN."""

    patterns: tuple[str, ...]
    target: str

    def conditions(self) -> list[dict[str, Any]]:
        """Return the conditions as CreateRule takes them."""
        return [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(self.patterns)}}]

    def actions(self) -> list[dict[str, Any]]:
        """Return the actions as CreateRule takes them."""
        return [{"Type": "forward", "TargetGroupArn": self.target}]


def balancer_attributes(idle_timeout: int) -> dict[str, str]:
    """Return the attributes of the balancer; `idle_timeout` in seconds."""
    return {
        "deletion_protection.enabled": "false",
        "idle_timeout.timeout_seconds": str(idle_timeout),
        # Hosts believe the last address there, which has to be the one that the balancer saw.
        "routing.http.xff_header_processing.mode": "append",
    }


def target_group(stack: str, group: InstanceGroup, vpc: str) -> dict[str, Any]:
    """Return what a target group is made with and keeps for ever."""
    return {
        "Name": target_group_name(stack, group.name),
        "Protocol": "HTTP",
        "Port": HTTP,
        "VpcId": vpc,
        "TargetType": "instance",
    }


def health_check(group: InstanceGroup) -> dict[str, Any]:
    """Return how a group's hosts are looked at; times in seconds."""
    return {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckPath": f"{group.paths[0]}/healthz",
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
    }


def target_attributes(drain_seconds: int) -> dict[str, str]:
    """Return the attributes of a target group: all hosts show the same jobs, so nobody stays with one."""
    return {
        "deregistration_delay.timeout_seconds": str(drain_seconds),
        "load_balancing.algorithm.type": "round_robin",
        "stickiness.enabled": "false",
    }


def rules(groups: list[InstanceGroup], targets: dict[str, str]) -> dict[int, WantedRule]:
    """Return the rules by priority, one a path, in the order of groups; `targets` are ARNs by group.

    One a path, since AWS documents three values a condition at most.
    """
    each = [WantedRule((path, f"{path}/*"), targets[group.name]) for group in groups for path in group.paths]
    return {PRIORITY_STEP * number: rule for number, rule in enumerate(each, start=1)}


def listeners(groups: list[InstanceGroup], certificate: str) -> dict[int, dict[str, Any]]:
    """Return the listeners by port, as CreateListener takes them. The last of them has the rules."""
    answer = {
        "Type": "fixed-response",
        "FixedResponseConfig": {
            "StatusCode": "404",
            "ContentType": "application/json",
            "MessageBody": not_found([path for group in groups for path in group.paths]),
        },
    }
    if not certificate:
        return {HTTP: {"Protocol": "HTTP", "Port": HTTP, "DefaultActions": [answer]}}
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {
            "Protocol": "HTTPS", "Port": str(HTTPS), "StatusCode": "HTTP_301",
            "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}",
        },
    }  # fmt: skip
    return {
        HTTP: {"Protocol": "HTTP", "Port": HTTP, "DefaultActions": [redirect]},
        HTTPS: {
            "Protocol": "HTTPS",
            "Port": HTTPS,
            "SslPolicy": TLS_POLICY,
            "Certificates": [{"CertificateArn": certificate}],
            "DefaultActions": [answer],
        },
    }


def not_found(paths: list[str]) -> str:
    """Return what the balancer answers to a path that leads nowhere: JSON that names those that do."""
    for count in range(len(paths), -1, -1):
        more = {} if count == len(paths) else {"more_paths": len(paths) - count}
        told = {"title": "No group of hosts has this path", "status": 404, "paths": paths[:count], **more}
        if len(body := json.dumps(told)) <= MAX_BODY:
            return body
    raise AssertionError("without paths it is short")


def zones_of(groups: list[InstanceGroup], running: set[str], there: list[str]) -> list[str]:
    """Return the zones that the balancer is in: each costs an address, so no more than its hosts need.

    `running` are those in which hosts run, `there` all that have a default subnet.
    """
    named = {one.zone for one in groups} | running
    needed = set(there) if "" in named else named & set(there)
    others = [zone for zone in sorted(there) if zone not in needed]
    return sorted([*needed, *others[: max(0, LEAST_ZONES - len(needed))]])
