"""Corrections of moto, in places where it differs from AWS in a way the project notices.

One module for each service, one function for each gap; its docstring says what AWS does and what
moto does instead. New ones go there, into the module's `mend`.
"""

from localcloud.gaps import (
    dispatch,
    ec2,
    policies,
    s3,
    s3_events,
    s3_listing,
    sqs,
    sqs_messages,
    sqs_names,
    sts,
)


def mend() -> None:
    """Mend all gaps; call it once, before the first request."""
    dispatch.mend()
    ec2.mend()
    policies.mend()
    s3.mend()
    s3_events.mend()
    s3_listing.mend()
    sqs.mend()
    sqs_messages.mend()
    sqs_names.mend()
    sts.mend()
