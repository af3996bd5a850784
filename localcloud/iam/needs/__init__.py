"""The needs of calls in IAM's words: actions on resources, with what conditions can look at.

The names are those of the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Services that are not told apart here need `service:Operation` on the ARNs among the call's parameters, or
on `*`.
"""

from localcloud.iam.need import Need
from localcloud.iam.needs import autoscaling, cloudwatch, ec2, elbv2, iam, others, s3, sqs
from localcloud.wire.call import Call, Family

__all__ = ["Need", "needs_of"]


def needs_of(call: Call, account: str) -> list[Need]:
    """Return everything that must be allowed for a call of `account`'s to pass; all of it is needed."""
    if call.signed is None:
        return []
    if call.family is Family.S3:
        return s3.needs_of(call)
    match call.service:
        case "sqs":
            return sqs.needs_of(call, account)
        case "ec2":
            return ec2.needs_of(call, account)
        case "autoscaling":
            return autoscaling.needs_of(call, account)
        case "monitoring":
            return cloudwatch.needs_of(call, account)
        case "elasticloadbalancing":
            return elbv2.needs_of(call, account)
        case "iam" | "sts":
            return iam.needs_of(call, account)
        case _:
            return others.needs_of(call, account)
