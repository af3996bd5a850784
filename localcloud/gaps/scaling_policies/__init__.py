"""Corrections of Auto Scaling's policies: alarms and callers execute them, within the rules of AWS."""

from localcloud.gaps.scaling_policies import requests


def mend() -> None:
    """Mend all gaps of scaling policies."""
    requests.mend()
