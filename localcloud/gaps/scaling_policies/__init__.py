"""Corrections of Auto Scaling's policies: alarms and callers execute them, within the rules of AWS.

moto knows a policy by its name alone, whatever its group, and executes simple ones only, without cooldown,
minimum and maximum. No alarm executes any.
"""

from moto.autoscaling.responses import AutoScalingResponse

from localcloud.gaps.autoscaling.answering import answers
from localcloud.gaps.patching import put_over
from localcloud.gaps.scaling_policies import requests


def mend() -> None:
    """Mend all gaps of scaling policies."""
    for name, answer in answers(requests).items():
        put_over(AutoScalingResponse, name, answer)
