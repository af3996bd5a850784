"""Names of a stack's load balancer and target groups.

They are unique in an account and region, and have at most 32 letters, digits and dashes:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""

from __future__ import annotations

import hashlib

MAX_CHARACTERS = 32
_KEPT = 20

# AWS keeps names for its own that begin like this.
RESERVED = "internal-"


def balancer_name(stack: str) -> str:
    """Return the name of a stack's load balancer."""
    return _fitting(f"{stack}-balancer", stack)


def target_group_name(stack: str, group: str) -> str:
    """Return the name of the target group of a group of instances."""
    return _fitting(f"{stack}-{group}", f"{stack}-{group}")


def _fitting(name: str, whole: str) -> str:
    """Return a name, or the first letters of `whole` with a digest of it where the name is too long."""
    if len(name) <= MAX_CHARACTERS:
        return name
    return f"{whole[:_KEPT]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
