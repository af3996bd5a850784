"""Corrections of EC2.

Never imports the rooms of other services.
"""

from localcloud.gaps.ec2 import (
    cpu_credits,
    default_network,
    images,
    instances,
    late_sight,
    launch_templates,
    launches,
)


def mend() -> None:
    """Mend all gaps of the service."""
    instances.mend()
    cpu_credits.mend()
    default_network.mend()
    images.mend()
    launch_templates.mend()
    late_sight.mend()
    # Last: the others then see what the template says.
    launches.mend()
