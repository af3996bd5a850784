"""The kinds of AWS's errors for a worker: wait, get new credentials, or give up."""

from typing import Any

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError
from jobfleet_jobs.credentials import clock_skew
from jobfleet_jobs.credentials.fitness import UnusableCredentials
from jobfleet_jobs.direct_calls.signed_http import BUSY
from jobfleet_jobs.protocol.aws_facts import EXPIRED, REFUSED, SKEWED, error_code, lab_has_ended

# A wrong clock is among them: nothing gets through until somebody sets it, and no job is to be lost by that.
REFUSED_CREDENTIALS = EXPIRED | REFUSED | SKEWED


def credentials_refused(problem: BaseException) -> bool:
    """Tell whether only new credentials can help, or another clock."""
    if isinstance(problem, ClientError):
        return error_code(problem) in REFUSED_CREDENTIALS or lab_has_ended(problem.response)
    return isinstance(problem, NoCredentialsError | PartialCredentialsError | UnusableCredentials)


def why_refused(problem: BaseException) -> str:
    """Say why AWS refuses what is signed with the credentials, and what is waited for."""
    skewed = clock_skew.why_refused(problem.response) if isinstance(problem, ClientError) else None
    return skewed or "AWS refuses the credentials; waiting for new ones"


def is_outage(problem: BaseException) -> bool:
    """Tell whether AWS could not be reached, was busy, or failed by itself, so that waiting may help."""
    if isinstance(problem, ClientError):
        meta: Any = problem.response.get("ResponseMetadata", {})
        return error_code(problem) in BUSY or int(meta.get("HTTPStatusCode", 0)) >= 500
    return isinstance(
        problem, HTTPClientError | AwsConnectionError | IncompleteReadError | ResponseStreamingError
    )
