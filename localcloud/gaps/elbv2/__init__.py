"""Corrections of Elastic Load Balancing: what AWS refuses, and targets whose health is asked for.

moto keeps records. Every target is healthy, nothing listens anywhere, and much is taken that AWS refuses.
Never imports the rooms of other services.
"""

from localcloud.gaps.elbv2 import attributes, listeners, load_balancers, rules, tags, target_groups, targets


def mend() -> None:
    """Mend all gaps of the service."""
    for module in (attributes, listeners, load_balancers, rules, tags, target_groups, targets):
        module.mend()
