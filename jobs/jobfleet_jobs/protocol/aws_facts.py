"""Facts that AWS fixes and several programs must know: sizes of calls, and the names of its errors."""

from collections.abc import Mapping
from typing import Any

# Messages in one call, and their bytes together, which is also one message's most (1 MiB since August 2025):
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
SQS_BATCH_MAX = 10
SQS_MESSAGE_MAX_BYTES = 1_048_576

# Expiry has a name of its own in each service (tried: SQS, S3 and STS say ExpiredToken, SSM
# ExpiredTokenException, EC2 RequestExpired).
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
# S3 answers a HEAD without a body, so of its refusals only the status is left: 400 where the credentials
# have expired, 403 where they are wrong or do not allow it:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
BARE = frozenset({"400", "403"})
EXPIRED_OR_BARE = EXPIRED | {"400"}

# Keys that are unknown, were taken back, or do not fit what they signed.
REFUSED = frozenset({
    "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired",
    "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException",
    "IncompleteSignature", "IncompleteSignatureException",
})  # fmt: skip
# The clock of the machine that signed is wrong: no new credentials help.
SKEWED = frozenset({"RequestTimeTooSkewed"})

# When the session of a Learner Lab ends or its budget is spent, the lab attaches a policy of this name,
# which denies everything. GetCallerIdentity still answers, and no code tells it from a permission that
# lacks: only the message, in which AWS names the policy.
LAB_CANCEL_POLICY = "voc-cancel-cred"

FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})

NO_SUCH_QUEUE = frozenset({"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"})
NO_SUCH_BUCKET = frozenset({"NoSuchBucket"})
NO_SUCH_KEY = "NoSuchKey"


def error_code(problem: BaseException) -> str:
    """Return AWS's code for `problem`, or an empty text where it is no `ClientError` of botocore's."""
    refusal = getattr(problem, "response", None)
    return str(refusal.get("Error", {}).get("Code", "")) if isinstance(refusal, Mapping) else ""


def lab_has_ended(refusal: Mapping[str, Any]) -> bool:
    """Tell whether a refusal says that the lab's session is over, and that its credentials are dead by that.

    `refusal` is the `response` of a `ClientError`.
    """
    error = refusal.get("Error", {})
    return error.get("Code") in FORBIDDEN and LAB_CANCEL_POLICY in str(error.get("Message", ""))
