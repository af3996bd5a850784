"""Corrections of moto, in places where it differs from AWS in a way the project notices.

One module for each service, one function for each gap; its docstring says what AWS does and what
moto does instead. New ones go there, into the module's `mend`.
"""

from localcloud.gaps import (
    autoscaling,
    cloudwatch,
    dispatch,
    ec2,
    elbv2,
    policies,
    s3,
    scaling_policies,
    sqs,
    sts,
)


def mend() -> None:
    """Mend all gaps; call it once, before the first request."""
    services = (dispatch, ec2, policies, s3, sqs, sts, autoscaling, cloudwatch, scaling_policies, elbv2)
    for service in services:
        service.mend()
