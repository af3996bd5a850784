"""The names of load balancers and target groups.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
"""

import re

from localcloud.gaps.elbv2.checks.refusals import invalid

_LONGEST = 32


def check_name(kind: str, name: str) -> None:
    """Let pass a name that AWS takes, of a `load balancer` or `target group`. Raises `ELBClientError`."""
    if not name:
        raise invalid(f"A {kind} name must be specified")
    if len(name) > _LONGEST:
        raise invalid(f"The {kind} name '{name}' cannot be longer than '{_LONGEST}' characters")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise invalid(
            f"The {kind} name '{name}' can only contain characters that are alphanumeric characters or "
            "hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise invalid(f"The {kind} name '{name}' cannot begin or end with '-'")
    if kind == "load balancer" and name.startswith("internal-"):
        raise invalid(f"The {kind} name '{name}' cannot begin with 'internal-'")
