"""Corrections of CloudWatch: metrics that services publish, metric math, and alarms that act.

`minute.MinuteByMinute` is the clock behind it. Reads queues and groups, whose rooms know nothing of it.
"""

from localcloud.gaps.cloudwatch import alarms, reading, requests


def mend() -> None:
    """Mend all gaps of the service."""
    reading.mend()
    alarms.mend()
    requests.mend()
