"""Corrections of SQS.

Never imports the rooms of other services.
"""

from localcloud.gaps.sqs import fifo, messages, names, queues, traffic


def mend() -> None:
    """Mend all gaps of the service."""
    queues.mend()
    fifo.mend()
    messages.mend()
    names.mend()
    traffic.mend()
