"""Listeners, rules and actions: from moto's records to what balancers are told, and to AWS's answers."""

from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.models import FakeListener, FakeLoadBalancer

from localcloud.balancers.model import (
    Action,
    Condition,
    FixedAnswer,
    Forward,
    Listener,
    ListenerRule,
    Redirect,
)

# Of each kind of condition: where its values stand.
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
# AWS answers these in the older way too.
_WITH_VALUES = ("host-header", "path-pattern")


def groups_of_action(action: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the target groups that an action forwards to, with their weights."""
    if config := action.get("ForwardConfig"):
        several = config.get("TargetGroups") or []
        return [(one["TargetGroupArn"], int(one.get("Weight", 1))) for one in several]
    return [(action["TargetGroupArn"], 1)] if action.get("TargetGroupArn") else []


def groups_of(balancer: FakeLoadBalancer) -> list[str]:
    """Return the ARNs of the target groups that a balancer uses, each once."""
    found: dict[str, None] = {}
    for listener in list(balancer.listeners.values()):
        for rule in listener.rules.values():
            for action in rule.actions:
                found.update(dict.fromkeys(arn for arn, _ in groups_of_action(action.data)))
    return list(found)


def whole_condition(condition: dict[str, Any]) -> dict[str, Any]:
    """Return a condition as AWS answers it: the values in both ways where there are two."""
    field = condition["Field"]
    if field not in _WITH_VALUES:
        return condition
    values = (condition.get(CONFIGS[field]) or {}).get("Values") or condition.get("Values") or []
    return {"Field": field, "Values": values, CONFIGS[field]: {"Values": values}}


def whole_action(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action as AWS answers it: one group in both ways, with its weight."""
    if action.get("Type") != "forward":
        return action
    groups = groups_of_action(action)
    config = action.get("ForwardConfig") or {}
    found = {
        **action,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups],
            "TargetGroupStickinessConfig": config.get("TargetGroupStickinessConfig") or {"Enabled": False},
        },
    }
    return found | ({"TargetGroupArn": groups[0][0]} if len(groups) == 1 else {})


def listener_of(listener: FakeListener) -> Listener:
    """Return what a listener is to do."""
    rules = tuple(
        ListenerRule(tuple(_condition(one) for one in rule.conditions), _action(rule.actions[-1].data))
        for rule in list(listener.rules.values())
    )
    arns = listener.certificates if listener.protocol == "HTTPS" else []
    return Listener(int(listener.port), rules, tuple(_certificate(arn) for arn in arns))


def _condition(condition: dict[str, Any]) -> Condition:
    field = condition["Field"]
    config = condition.get(CONFIGS[field]) or {}
    values = config.get("Values") or condition.get("Values") or []
    if field == "query-string":
        # An equals sign tells the two kinds apart: a key cannot have one.
        values = [f"{one['Key']}={one['Value']}" if one.get("Key") else f"={one['Value']}" for one in values]
    return Condition(field, tuple(map(str, values)), config.get("HttpHeaderName", ""))


def _action(action: dict[str, Any]) -> Action:
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        kind = config.get("ContentType") or "text/plain"
        return FixedAnswer(int(config["StatusCode"]), kind, config.get("MessageBody") or "")
    if action["Type"] == "redirect":
        config = action["RedirectConfig"]
        return Redirect(
            int(config["StatusCode"].removeprefix("HTTP_")),
            config.get("Protocol") or "#{protocol}",
            config.get("Host") or "#{host}",
            str(config.get("Port") or "#{port}"),
            config.get("Path") or "/#{path}",
            config.get("Query", "#{query}"),
        )
    sticky = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
    seconds = int(sticky.get("DurationSeconds", 3600)) if _true(sticky.get("Enabled")) else None
    return Forward(tuple(groups_of_action(action)), seconds)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _certificate(arn: str) -> str:
    _, _, _, region, account, _ = arn.split(":", 5)
    bundle = acm_backends[account][region].get_certificate(arn)
    return "\n".join(part.decode() for part in (bundle.cert, bundle.chain, bundle.key) if part)
