"""AWS's errors as sentences for a person who has never seen SQS."""

import os
from collections.abc import Iterable
from typing import Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError
from jobfleet_jobs.credentials import clock_skew
from jobfleet_jobs.credentials.sentences import LAB, into_the_file, why_passed_over
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.aws_facts import (
    EXPIRED_OR_BARE,
    FORBIDDEN,
    NO_SUCH_BUCKET,
    NO_SUCH_QUEUE,
    REFUSED,
    SKEWED,
    error_code,
    lab_has_ended,
)

from jobfleet.errors import (
    BadInput,
    FleetError,
    NoCredentials,
    NotAllowed,
    NotDeployed,
    Unreachable,
    WrongClock,
)
from jobfleet.human_text import plain
from jobfleet.settings.settings import Settings

# What a person knows these calls as.
_MEANINGS = {
    "SendMessage": " (sending a job)",
    "SendMessageBatch": " (sending jobs)",
    "ReceiveMessage": " (taking messages from a queue)",
    "DeleteMessageBatch": " (taking messages off a queue)",
    "PurgeQueue": " (emptying a queue)",
    "GetQueueUrl": " (finding a queue)",
    "GetQueueAttributes": " (counting a queue's messages)",
    "PutObject": " (putting an input into the bucket)",
    "CreateMultipartUpload": " (putting an input into the bucket)",
    "GetObject": " (reading from the bucket)",
    "ListObjectsV2": " (listing what is in the bucket)",
}

# What OpenSSL says where, by this machine's clock, a certificate is over or still to come.
_CERTIFICATE_DATES = ("certificate has expired", "certificate is not yet valid")
# By which variables botocore takes other authorities, and ways through proxies, than it would.
_AUTHORITIES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


class Whose(Protocol):
    """What a sentence needs to know of the account that an error came from."""

    settings: Settings

    @property
    def number(self) -> str:
        """The account's twelve digits; may ask AWS."""

    def no_credentials(self, problem: BaseException) -> NoCredentials | None:
        """Return what an error says of credentials that cannot be had, None if it is about something else."""

    def renewal(self) -> str:
        """Return what to do about credentials that AWS does not take."""


class ErrorSentences:
    """Turns the errors of one account's calls into the client's own."""

    def __init__(self, whose: Whose) -> None:
        self._whose = whose

    def of(self, problem: Exception) -> FleetError | None:
        """Return what `problem` means for a person who has never seen SQS.

        The client's own errors stay as they are. None for what neither AWS nor its library raised.
        """
        if isinstance(problem, FleetError):
            return problem
        if isinstance(problem, BadJob):  # a result that this version cannot read
            return FleetError(problem.message)
        # botocore raises a RuntimeError where renewed credentials are over already.
        if isinstance(problem, BotoCoreError | ClientError | RuntimeError) and (
            found := self._whose.no_credentials(problem)
        ):
            return found
        if isinstance(problem, ClientError):
            return self._refusal(problem)
        return self._trouble(problem) if isinstance(problem, BotoCoreError) else None

    def _trouble(self, problem: BotoCoreError) -> FleetError:
        if isinstance(problem, NoCredentialsError):
            way_out = why_passed_over() or f"{LAB}{into_the_file()}, or set AWS_PROFILE"
            return NoCredentials(f"no AWS credentials were found: {way_out}")
        if isinstance(problem, HTTPClientError | AwsConnectionError):
            settings = self._whose.settings
            where = settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
            advice = _network_advice(problem, where or "")
            return Unreachable(
                f"{where or f'AWS in region {settings.region}'} cannot be reached: {problem}; {advice}"
            )
        return FleetError(str(problem))

    def _refusal(self, problem: ClientError) -> FleetError:
        code, settings = error_code(problem), self._whose.settings
        if code in EXPIRED_OR_BARE | REFUSED | SKEWED and (words := clock_skew.why_refused(problem.response)):
            return WrongClock(words)
        if code in EXPIRED_OR_BARE:
            return NoCredentials(f"the AWS credentials have expired: {self._renew}")
        if code in REFUSED | SKEWED:
            return NoCredentials(f"AWS does not accept the credentials ({code}): {self._renew}")
        if lab_has_ended(problem.response):
            return NoCredentials(
                "the lab's session has ended or its budget is spent, and AWS refuses these credentials "
                f"everything since: press Start Lab, then {self._renew}"
            )
        if code in NO_SUCH_BUCKET and settings.bucket:
            return BadInput(f"there is no bucket {settings.bucket}: leave --bucket out, or name another")
        if code in NO_SUCH_QUEUE | NO_SUCH_BUCKET:
            return NotDeployed(
                f"stack '{settings.stack}' is not deployed in account {self._number_or_words()}, "
                f"region {settings.region}: deploy it with `ansible-playbook site.yml`; if it is elsewhere, "
                "name its --stack and --region, and the --profile of its account"
            )
        if code in FORBIDDEN:
            what = _MEANINGS.get(problem.operation_name, "")
            return NotAllowed(
                f"the credentials do not allow {problem.operation_name}{what}: {_message(problem)}; "
                "use credentials of the account's owner, or ask the owner to allow it (docs/policies of the "
                "project has what a client needs)"
            )
        if problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
            return Unreachable(f"AWS failed at {problem.operation_name} ({code}): try again in a while")
        return FleetError(f"AWS refused {problem.operation_name} ({code}): {_message(problem)}")

    @property
    def _renew(self) -> str:
        """What to do about credentials that were found and cannot be used."""
        return self._whose.renewal()

    def _number_or_words(self) -> str:
        try:
            return self._whose.number
        except (BotoCoreError, ClientError):
            return "of these credentials"


def _message(problem: ClientError) -> str:
    # Something between here and AWS may have answered with a whole page.
    words = " ".join(str(problem.response.get("Error", {}).get("Message", "")).split())
    return plain(words, 500) or "no reason given"


def _network_advice(problem: BotoCoreError, where: str) -> str:
    """Return what to look at where a call did not get through; `where` is the endpoint, if one is set."""
    said = str(problem)
    if any(words in said for words in _CERTIFICATE_DATES):
        return f"look at this machine's clock: if it is wrong, {clock_skew.MEND}"
    if isinstance(problem, SSLError):
        if "WRONG_VERSION_NUMBER" in said:
            return "what answers there speaks no TLS: is its address one that begins with http://?"
        if named := _set_ones(_AUTHORITIES):
            return f"look at the file of certificates in {named}"
    if named := _set_ones(_PROXIES):
        return f"look at the proxy in {named}, and at NO_PROXY"
    if "//127." in where:
        return "if that is localcloud: is it up, and are its variables still those of this shell?"
    return "check the network, the region and the endpoint"


def _set_ones(variables: Iterable[str]) -> str:
    return " and ".join(name for name in variables if os.environ.get(name))
