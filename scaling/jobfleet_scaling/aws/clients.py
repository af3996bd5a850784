"""AWS clients that are made when first needed: a scaler that does not lead needs S3 alone.

botocore describes all of EC2 in 17 MB of memory, a third of the process. `ec2-calls.json` has the five calls
that are made here, in the same form; a test holds them equal to botocore's.
"""

import json
import os
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from jobfleet_jobs.credentials.session_guard import guard
from jobfleet_jobs.version import __version__

EC2_CALLS = Path(__file__).parent / "ec2-calls.json"

# Below what is left of a lease when something is done by it (`service.lease`): a call that hangs ends before
# another scaler may act.
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 3, 7

# An instance's role may have keys some seconds after its first program starts:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
_METADATA = {"metadata_service_num_attempts": 5, "metadata_service_timeout": 3}


class AwsClients:
    """The clients of one scaler. Credentials in a file are read again when the file has changed."""

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self._region, self._endpoint_url = region, endpoint_url
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._file_was: object = None

    @property
    def s3(self) -> Any:
        """The bucket."""
        return self.client("s3")

    @property
    def sqs(self) -> Any:
        """The queues."""
        return self.client("sqs")

    @property
    def ec2(self) -> Any:
        """The instances."""
        return self.client("ec2")

    @property
    def autoscaling(self) -> Any:
        """The Auto Scaling groups."""
        return self.client("autoscaling")

    def client(self, service: str) -> Any:
        """Return the one client of a service. Raises botocore's errors."""
        file_is = _state_of_file()
        if self._session is None or file_is != self._file_was:
            self.forget()
            self._session, self._file_was = self._new_session(), file_is
        if service not in self._made:
            self._made[service] = self._session.create_client(
                service, region_name=self._region, endpoint_url=self._endpoint_url, config=self._config()
            )
        return self._made[service]

    def forget(self, *services: str) -> None:
        """Close clients, all if none is named; the next calls make new ones, with new credentials if all."""
        for service in services or tuple(self._made):
            if client := self._made.pop(service, None):
                client.close()
        if not services:
            self._session = None

    def _new_session(self) -> Any:
        core = botocore.session.get_session()
        for name, value in _METADATA.items():
            # What the person has set in the environment counts.
            if f"AWS_{name.upper()}" not in os.environ:
                core.set_config_variable(name, max(value, core.get_config_variable(name)))
        core.register_component("data_loader", _Descriptions(core.get_component("data_loader")))
        return guard(core)

    def _config(self) -> Config:
        own = self._endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            # The next tick tries again.
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=2,
            user_agent_extra=f"jobfleet-scaler/{__version__}",
            s3={"addressing_style": "path"} if own else {},
        )


class _Descriptions:
    """botocore's own loader of what it knows of services; of EC2, it gives what is needed alone."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """Return the description of a service."""
        if (service_name, type_name) == ("ec2", "service-2"):
            return json.loads(EC2_CALLS.read_text())
        return self._loader.load_service_model(service_name, type_name, api_version)


def _state_of_file() -> object:
    """Return what tells one state of the credentials file from another, without reading it."""
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    try:
        found = Path(path).stat() if path else None
    except OSError:
        return None
    return found and (found.st_mtime_ns, found.st_ino, found.st_size)
