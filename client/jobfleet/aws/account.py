"""AWS clients, made when first needed, and AWS's errors in words."""

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.version import __version__

from jobfleet.aws import clock_skew
from jobfleet.errors import BadInput, FleetError, NoCredentials, NotAllowed, NotDeployed, Unreachable
from jobfleet.settings.settings import Settings, active_profile, no_such_profile

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import GetCallerIdentityResponseTypeDef

CONNECT_TIMEOUT_SECONDS = 5
# Above the longest long poll.
READ_TIMEOUT_SECONDS = 30
ATTEMPTS = 3
# As many calls at once as the busiest use makes: uploads, downloads, and the reply queue beside them.
MAX_CONNECTIONS = 40

# Expiry has a name of its own in each service; S3 answers a HEAD with a bare 400.
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "400"})
REFUSED = frozenset({
    "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken", "UnrecognizedClientException",
    "AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed",
})  # fmt: skip
FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
NO_SUCH_QUEUE = frozenset({"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"})
NO_SUCH_BUCKET = frozenset({"NoSuchBucket"})

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

NEW_CREDENTIALS = "get new ones (in a Learner Lab: AWS Details, AWS CLI, Show) and "

# Where they belong: what is in the environment wins over what is in the file.
INTO_THE_ENVIRONMENT = (
    "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to them in this shell, as these win "
    "over ~/.aws/credentials; or unset all three and put them in that file"
)


def error_code(problem: BaseException) -> str:
    """Return AWS's code for `problem`, or an empty text."""
    return str(problem.response.get("Error", {}).get("Code", "")) if isinstance(problem, ClientError) else ""


class Account:
    """The account as one client process sees it. boto3's chain finds the credentials."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self._config = Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            max_pool_connections=MAX_CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            user_agent_extra=f"jobfleet/{__version__}",
            # An endpoint of one's own rarely has a name for every bucket.
            s3={"addressing_style": "path"}
            if settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
            else {},
        )

    @functools.cached_property
    def _core(self) -> botocore.session.Session:
        # boto3 itself takes its time to import and adds nothing to a client's calls.
        session = botocore.session.Session(profile=self.settings.profile)
        session.set_config_variable("region", self.settings.region)
        return session

    @functools.cached_property
    def _session(self) -> "boto3.Session":
        import boto3

        return boto3.Session(botocore_session=self._core, region_name=self.settings.region)

    def client(self, service: str) -> Any:
        """Return the one client of a service; made when first asked for, as making it takes a while."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._core.create_client(
                    service,
                    region_name=self.settings.region,
                    endpoint_url=self.settings.endpoint_url,
                    config=self._config,
                )
            return self._clients[service]

    @property
    def sqs(self) -> "SQSClient":
        """The queues."""
        return cast("SQSClient", self.client("sqs"))

    @property
    def s3(self) -> "S3Client":
        """The bucket."""
        return cast("S3Client", self.client("s3"))

    @property
    def session(self) -> "boto3.Session":
        """Where the clients come from, and the credentials."""
        return self._session

    @property
    def cloudwatch(self) -> Any:
        """The metrics."""
        return self.client("cloudwatch")

    @property
    def sts(self) -> "STSClient":
        """Who knows whose the credentials are."""
        return cast("STSClient", self.client("sts"))

    @functools.cached_property
    def identity(self) -> "GetCallerIdentityResponseTypeDef":
        """Whose the credentials are. Costs one call, so ask only where nothing else says it."""
        return self.sts.get_caller_identity()

    @property
    def number(self) -> str:
        """The account's twelve digits; costs what `identity` costs."""
        return self.identity["Account"]

    def close(self) -> None:
        """Close the connections."""
        with self._making:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn AWS's errors inside into the client's own."""
        try:
            yield
        except (BotoCoreError, ClientError) as problem:
            raise self.translate(problem) from problem
        except BadJob as problem:  # a result that this version cannot read
            raise FleetError(problem.message) from problem

    def translate(self, problem: BotoCoreError | ClientError) -> FleetError:
        """Return what `problem` means for a person who has never seen SQS."""
        if isinstance(problem, ClientError):
            return self._refusal(problem)
        if isinstance(problem, NoCredentialsError):
            return NoCredentials(
                f"no AWS credentials were found: {NEW_CREDENTIALS}{_into_the_file()}, or set AWS_PROFILE"
            )
        if isinstance(problem, PartialCredentialsError):
            return NoCredentials(f"the AWS credentials are not whole ({problem}): {self._renew}")
        if isinstance(problem, ProfileNotFound):
            profile = self.settings.profile or active_profile()
            return NoCredentials(no_such_profile(profile, botocore.session.Session().available_profiles))
        if isinstance(problem, UnauthorizedSSOTokenError | TokenRetrievalError):
            return NoCredentials(f"the AWS credentials cannot be used: {problem}")
        if isinstance(problem, HTTPClientError | AwsConnectionError):
            where = self.settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
            advice = "check the network, the region and the endpoint"
            if where and "//127." in where:
                advice = "if that is localcloud: is it up, and are its variables still those of this shell?"
            return Unreachable(
                f"{where or f'AWS in region {self.settings.region}'} cannot be reached: {problem}; {advice}"
            )
        return FleetError(str(problem))

    def _refusal(self, problem: ClientError) -> FleetError:
        code, settings = error_code(problem), self.settings
        if code in EXPIRED | REFUSED and (words := clock_skew.why_refused(problem.response)):
            return NoCredentials(words)
        if code in EXPIRED:
            return NoCredentials(f"the AWS credentials have expired: {self._renew}")
        if code in REFUSED:
            return NoCredentials(f"AWS does not accept the credentials ({code}): {self._renew}")
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
        try:
            found = self._core.get_credentials()
        except BotoCoreError:  # as they are not whole
            found = None
        from_environment = found.method == "env" if found else "AWS_ACCESS_KEY_ID" in os.environ
        if from_environment:
            return NEW_CREDENTIALS + INTO_THE_ENVIRONMENT
        return f"{NEW_CREDENTIALS}{_into_the_file()}, profile {self.settings.profile or active_profile()}"

    def _number_or_words(self) -> str:
        try:
            return self.number
        except (BotoCoreError, ClientError):
            return "of these credentials"


def _into_the_file() -> str:
    return f"put them in {os.environ.get('AWS_SHARED_CREDENTIALS_FILE') or '~/.aws/credentials'}"


def _message(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Message", "")) or "no reason given"
