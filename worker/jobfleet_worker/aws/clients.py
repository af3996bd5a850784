"""The AWS clients of one worker process, whose credentials may change under them."""

import importlib.metadata
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ConfigParseError
from botocore.handlers import add_expect_header
from jobfleet_jobs.credentials.sentences import origin_of, why_unusable
from jobfleet_jobs.credentials.session_guard import guard
from jobfleet_jobs.direct_calls.clients import DirectS3, DirectSqs
from jobfleet_jobs.direct_calls.signed_http import (
    CONNECT_TIMEOUT_SECONDS,
    CONNECTIONS,
    READ_TIMEOUT_SECONDS,
    ConnectionPool,
)
from jobfleet_jobs.version import __version__

from jobfleet_worker.aws.credentials_file import FileProvider
from jobfleet_worker.errors import words
from jobfleet_worker.settings import BadSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient


def installed_version() -> str:
    """Return the version that is installed, with the hash of its build, which a source tree lacks."""
    try:
        return importlib.metadata.version("jobfleet")
    except importlib.metadata.PackageNotFoundError:
        return __version__


VERSION = installed_version()

# boto3's own "standard" retries, with jitter; what still fails is the loop's to wait out. Most calls were
# tried once already before boto3 is asked (`direct_calls.clients`).
ATTEMPTS = 2


# An instance's role may have keys some seconds after its first program starts, and botocore looks for them
# once, for a second, and never again:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
METADATA = {"metadata_service_num_attempts": 5, "metadata_service_timeout": 3}


class NoCredentialsFound(Exception):
    """There is nothing to sign with, and without a file nobody would look again: a sentence for people."""


class Clients(NamedTuple):
    """The clients of one worker process."""

    sqs: "SQSClient"
    s3: "S3Client"
    sts: "STSClient"


def make_clients(region: str, endpoint_url: str | None) -> Clients:
    """Make the clients. With AWS_SHARED_CREDENTIALS_FILE set they sign with what that file says now.

    Raises `BadSettings` where the certificates to trust cannot be read, and `NoCredentialsFound` where there
    is no such file and nothing else has credentials.
    """
    core = botocore.session.get_session()
    credentials = _find_credentials(core)
    session = boto3.Session(botocore_session=core, region_name=region)
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        tcp_keepalive=True,
        # As many as threads that talk to one service at a time, or they would wait for each other.
        max_pool_connections=CONNECTIONS,
        # A whole one of our own: botocore puts its own together anew for every call.
        user_agent=f"jobfleet/{VERSION}",
        # Every name and key is checked before it gets here; checking again took 5 % of a stats job.
        parameter_validation=False,
        s3={
            # Over TLS botocore leaves it out by itself; a checksum goes with every object all the same.
            "payload_signing_enabled": False,
            # An endpoint of one's own rarely has a name for every bucket.
            **({"addressing_style": "path"} if endpoint_url else {}),
        },
    )
    s3 = session.client("s3", endpoint_url=endpoint_url, config=config)
    # Or every object waits for S3 to say that it may come, one more way there and back.
    s3.meta.events.unregister("before-call.s3", add_expect_header)
    sqs = session.client("sqs", endpoint_url=endpoint_url, config=config)
    sts = session.client("sts", endpoint_url=endpoint_url, config=config)
    # botocore's own two ways to name other authorities, in its order.
    certificates = core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    try:
        lines = ConnectionPool(credentials, f"jobfleet/{VERSION}", certificates)
    except OSError as problem:
        # botocore would wait with that until the first call, and not say which file it is.
        raise BadSettings(
            f"the certificates to trust in {certificates} cannot be read: {problem.strerror or problem}; "
            "name another file in AWS_CA_BUNDLE, ca_bundle of the profile, or REQUESTS_CA_BUNDLE"
        ) from problem
    return Clients(cast("SQSClient", DirectSqs(sqs, lines)), cast("S3Client", DirectS3(s3, lines)), sts)


def _find_credentials(core: botocore.session.Session) -> Credentials:
    """Return the credentials that all clients share. Raises `NoCredentialsFound`."""
    path, profile = os.environ.get("AWS_SHARED_CREDENTIALS_FILE"), os.environ.get("AWS_PROFILE", "default")
    try:
        if path:
            # It is ours to read, and whatever keeps botocore from it need not keep us. It tries once.
            with suppress(ConfigParseError):
                _ = core.full_config
        _be_patient(core)
        guard(core)
        if path:
            provider = FileProvider(Path(path), profile)
            core.get_component("credential_provider").providers.insert(0, provider)
        credentials = core.get_credentials()
    except BotoCoreError as problem:
        why = why_unusable(problem, origin_of(core, profile, were_found=False))
        raise NoCredentialsFound(why or words(problem)) from problem
    if credentials is None:
        raise NoCredentialsFound(
            "there are no AWS credentials: name their file in AWS_SHARED_CREDENTIALS_FILE, or give the "
            "instance a profile with a role"
        )
    return credentials


def _be_patient(core: botocore.session.Session) -> None:
    """Have the metadata service asked more than once."""
    for name, value in METADATA.items():
        # What the person has set in the environment counts, and more than this in the configuration.
        if f"AWS_{name.upper()}" not in os.environ:
            core.set_config_variable(name, max(value, core.get_config_variable(name)))
