"""The kinds of AWS's errors for a scaler: wait for AWS, wait for credentials, or be refused."""

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.credentials import clock_skew
from jobfleet_jobs.credentials.fitness import UnusableCredentials
from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.direct_calls.signed_http import BUSY
from jobfleet_jobs.protocol.aws_facts import EXPIRED, FORBIDDEN, REFUSED, SKEWED, error_code, lab_has_ended

# Whatever a call to AWS raises.
AWS_ERRORS = (BotoCoreError, ClientError, UnusableCredentials)

# What EC2 and Auto Scaling say where others are asking for too much as well:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_THROTTLED = BUSY | {"RequestLimitExceeded", "ResourceContention", "ScalingActivityInProgress"}

WORDS_MAX = 300


def is_throttled(problem: BaseException) -> bool:
    """Tell whether AWS only asks to be called less often."""
    return error_code(problem) in _THROTTLED


def credentials_are_over(problem: BaseException) -> bool:
    """Tell whether only new credentials can help."""
    if isinstance(problem, ClientError):
        return error_code(problem) in EXPIRED | REFUSED or lab_has_ended(problem.response)
    return isinstance(problem, UnusableCredentials) or type(problem).__name__ in (
        "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError",
    )  # fmt: skip


def is_forbidden(problem: BaseException) -> bool:
    """Tell whether the credentials are good, and lack a permission."""
    return error_code(problem) in FORBIDDEN and not credentials_are_over(problem)


def words(problem: BaseException) -> str:
    """Return an error as part of a line of the log, without secrets."""
    said = problem.response.get("Error", {}).get("Message", "") if isinstance(problem, ClientError) else ""
    code = error_code(problem) or type(problem).__name__
    if isinstance(problem, ClientError) and code in EXPIRED | REFUSED | SKEWED:
        said = clock_skew.why_refused(problem.response) or said
    return " ".join(redact(f"{code}: {said or problem}").split())[:WORDS_MAX]
