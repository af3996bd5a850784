"""Corrections of SQS.

Never imports the rooms of other services.
"""

from localcloud.gaps.sqs import messages, names, queues, traffic


def mend() -> None:
    """Mend all gaps of the service."""
    queues.mend()
    messages.mend()
    names.mend()
    traffic.mend()
