"""The account as one client process sees it: its AWS clients, made when first needed."""

import functools
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import lab_has_ended
from jobfleet_jobs.version import __version__

from jobfleet.aws import guarded_session
from jobfleet.aws.error_sentences import ErrorSentences
from jobfleet.errors import FleetError, NoCredentials, UnknownSettings
from jobfleet.human_text import plain
from jobfleet.settings.settings import Settings

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import Credentials
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


T = TypeVar("T")


def with_errors_in_words(cls: type[T]) -> type[T]:
    """Turn AWS's errors into the client's own in each public method and property of a class.

    It is the one place where that is done for the Python API. An object of the class has an `account`.
    """

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def speaking(self: Any, *args: Any, **named: Any) -> Any:
            with self.account.in_words():
                return function(self, *args, **named)

        return speaking

    for name, member in list(vars(cls).items()):
        if name.startswith("_"):
            continue
        if inspect.isfunction(member):
            setattr(cls, name, wrapped(member))
        elif isinstance(member, property) and member.fget:
            setattr(cls, name, property(wrapped(member.fget), member.fset, doc=member.__doc__))
    return cls


class Account:
    """The account as one client process sees it. boto3's chain finds the credentials."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sentences = ErrorSentences(self)
        self._number: str | None = None
        self._clients: dict[str, Any] = {}
        self._direct_s3: S3Client | None = None
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
        session, profile = None, self.settings.profile
        try:
            session = guarded_session.new_session(profile)
            session.set_config_variable("region", self.settings.region)
            session.get_credentials()
        except guarded_session.TROUBLE as problem:
            raise guarded_session.refused(problem, session, profile) from problem
        return session

    @functools.cached_property
    def _session(self) -> "boto3.Session":
        import boto3

        return boto3.Session(botocore_session=self._core, region_name=self.settings.region)

    def client(self, service: str) -> Any:
        """Return the one client of a service; made when first asked for, as making it takes a while."""
        with self._making:
            if service in self._clients:
                return self._clients[service]
            made = self._made(service)
            # One that has nothing to sign with never will. Later there may be credentials.
            if self._core.get_credentials():
                self._clients[service] = made
            return made

    def _made(self, service: str) -> Any:
        try:
            return self._core.create_client(
                service,
                region_name=self.settings.region,
                endpoint_url=self.settings.endpoint_url,
                config=self._config,
            )
        except guarded_session.TROUBLE as problem:  # as for an endpoint in ~/.aws/config that is no URL
            if told := self.no_credentials(problem):
                raise told from problem
            raise UnknownSettings(
                f"AWS's own settings cannot be used: {plain(problem, 200)}; look into ~/.aws/config and the "
                "variables whose names begin with AWS_"
            ) from problem

    @property
    def sqs(self) -> "SQSClient":
        """The queues."""
        return cast("SQSClient", self.client("sqs"))

    @property
    def s3(self) -> "S3Client":
        """The bucket."""
        return cast("S3Client", self.client("s3"))

    @property
    def direct_s3(self) -> "S3Client":
        """The bucket for who puts thousands of objects: `jobfleet_jobs.direct_calls`, or boto3 as above."""
        s3 = self.s3
        with self._making:
            # As with `client`: where there are no credentials yet, there may be some later.
            if self._direct_s3 is None and (credentials := self._core.get_credentials()):
                self._direct_s3 = self._made_direct(s3, credentials)
            return self._direct_s3 or s3

    def _made_direct(self, s3: "S3Client", credentials: "Credentials") -> "S3Client":
        from jobfleet_jobs.direct_calls.clients import DirectS3
        from jobfleet_jobs.direct_calls.signed_http import ConnectionPool

        certificates = self._core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
        try:
            lines = ConnectionPool(credentials, f"jobfleet/{__version__}", certificates)
        except OSError:  # boto3 says what is wrong with the certificates, when it calls
            return s3
        return cast("S3Client", DirectS3(s3, lines))

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

    def ensure_alive(self) -> None:
        """Make a call that a policy can deny. Raises the refusal of a lab whose session has ended.

        `identity` does not tell that: GetCallerIdentity still succeeds then. Other errors are left to the
        calls that follow, which know what they mean.
        """
        try:
            self.sqs.get_queue_url(QueueName=self.settings.names.requests)
        except ClientError as problem:
            if lab_has_ended(problem.response):
                raise
        except BotoCoreError:
            pass

    @property
    def number(self) -> str:
        """The account's twelve digits; costs what `identity` costs, unless something told it before."""
        return self._number or self.identity["Account"]

    def learn_number(self, queue_url: str) -> None:
        """Take the account's number from a queue's address, which spares asking for it."""
        number = queue_url.rstrip("/").split("/")[-2]
        if len(number) == 12 and number.isdigit():
            self._number = number

    @property
    def bucket(self) -> str:
        """The name of the stack's bucket; asks AWS for the account's number if nothing has told it."""
        settings = self.settings
        return settings.bucket or settings.names.bucket(self.number, settings.region)

    def close(self) -> None:
        """Close the connections."""
        with self._making:
            clients, self._clients = self._clients, {}
            direct, self._direct_s3 = self._direct_s3, None
        for client in (*clients.values(), direct):
            if client:
                client.close()

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn AWS's errors inside into the client's own: where people meet them, or work goes on."""
        try:
            yield
        except FleetError:
            raise
        except Exception as problem:
            if told := self.sentences.of(problem):
                raise told from problem
            raise

    def no_credentials(self, problem: BaseException) -> NoCredentials | None:
        """Return what an error says of credentials that cannot be had, None if it is about something else."""
        session = vars(self).get("_core")
        return guarded_session.no_credentials(problem, session, self.settings.profile)

    def renewal(self) -> str:
        """Return what to do about credentials that AWS does not take."""
        return guarded_session.how_to_renew(self._core, self.settings.profile)
