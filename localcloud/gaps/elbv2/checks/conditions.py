"""Conditions of rules, as far as moto does not look at them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
"""

import re
from typing import Any

from localcloud.gaps.elbv2.checks.refusals import invalid
from localcloud.gaps.elbv2.shapes import CONFIGS

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_VALUES, _MOST_WILDCARDS = 5, 6

_CHARACTERS = {
    "path-pattern": re.compile(r"""[A-Za-z0-9_.$/~"'@:+&*?-]{1,128}"""),
    "host-header": re.compile(r"[A-Za-z0-9.*?-]{1,128}"),
    "http-request-method": re.compile(r"[A-Z_-]{1,40}"),
}
_ONCE = ("host-header", "path-pattern", "http-request-method", "source-ip")
_WITH_WILDCARDS = ("path-pattern", "host-header", "http-header", "query-string")


def check_conditions(conditions: list[dict[str, Any]]) -> None:
    """Let pass conditions that AWS takes, as far as moto does not look. Raises `ELBClientError`."""
    fields = [one["Field"] for one in conditions]
    if not fields:
        raise invalid("A condition must be specified")
    for field in _ONCE:
        if fields.count(field) > 1:
            raise invalid(f"The condition field '{field}' can be specified once")
    values = [(field, value) for one, field in zip(conditions, fields, strict=True) for value in _values(one)]
    if len(values) > _MOST_VALUES:
        raise invalid(f"Rules can have at most {_MOST_VALUES} condition values")
    wildcards = [
        word for field, value in values if field in _WITH_WILDCARDS for word in value if word in "*?"
    ]
    if len(wildcards) > _MOST_WILDCARDS:
        raise invalid(f"Rules can have at most {_MOST_WILDCARDS} wildcards")
    for field, value in values:
        pattern = _CHARACTERS.get(field)
        if pattern and not pattern.fullmatch(value):
            raise invalid(f"The {field} value '{value}' has characters that are not allowed, or is too long")


def _values(condition: dict[str, Any]) -> list[str]:
    config = condition.get(CONFIGS[condition["Field"]]) or {}
    found = config.get("Values") or condition.get("Values") or []
    return [f"{one.get('Key', '')}{one['Value']}" if isinstance(one, dict) else str(one) for one in found]
