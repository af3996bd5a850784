"""Corrections of EC2.

Never imports the rooms of other services.
"""

from localcloud.gaps.ec2 import cpu_credits, default_network, instances, late_sight


def mend() -> None:
    """Mend all gaps of the service."""
    instances.mend()
    cpu_credits.mend()
    late_sight.mend()
    default_network.mend()
