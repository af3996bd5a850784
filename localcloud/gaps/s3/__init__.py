"""Corrections of S3.

Never imports the rooms of other services.
"""

from localcloud.gaps.s3 import events, listing, objects


def mend() -> None:
    """Mend all gaps of the service."""
    objects.mend()
    events.mend()
    listing.mend()
