"""The description that a stack publishes of itself in its bucket (`roles/description`)."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.operations.catalogue import is_streamed
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY

from jobfleet.aws.account import Account
from jobfleet.errors import BadInput
from jobfleet.human_text import size as as_size

# It is a few hundred bytes; whatever is much larger is something else.
_MAX_BYTES = 65_536

# What a browser is given is an address of the web and nothing else.
_WEB_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")

# As AWS allows names of load balancers.
_BALANCER = re.compile(r"[A-Za-z0-9-]{1,32}")


@dataclass(frozen=True)
class WebAddress:
    """Where the stack's page is: its address, and the instance, or the group of instances, that shows it."""

    url: str
    host: str = ""


@dataclass(frozen=True)
class Published:
    """The stack's description. `limits` are those of `jobfleet_worker.settings`, as far as they are told.

    `web` is empty where the stack has no page, and `balancer` where there is none before it.
    """

    version: str | None = None
    queues: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    web: Sequence[WebAddress] = ()
    balancer: str = ""

    def check_size(self, size: int, name: str, operation: str) -> None:
        """Raise `BadInput` for an input of `size` bytes, called `name`, that no worker would take."""
        # Workers of before there were streams have no limit for them.
        streamed = is_streamed(operation) and "max_stream_bytes" in self.limits
        limit = "max_stream_bytes" if streamed else "max_input_bytes"
        most = self.limits.get(limit)
        if most is not None and size > most:
            raise BadInput(
                f"{name} has {as_size(size)}, and the workers of this stack take inputs of at most "
                f"{as_size(most)}: send a smaller one, or raise worker_{limit} and deploy again"
            )


def read_description(account: Account, bucket: str) -> Published | None:
    """Return what the stack publishes, or None where it does not, or it may not be read.

    Raises AWS's errors where it is not known whether there is something.
    """
    try:
        answer = account.s3.get_object(Bucket=bucket, Key=DESCRIPTION_KEY)
    except ClientError as problem:
        if error_code(problem) in FORBIDDEN | {"NoSuchKey"}:
            return None
        raise
    with closing(answer["Body"]) as body:
        return parse_description(body.read(_MAX_BYTES))


def parse_description(data: bytes) -> Published | None:
    """Return what `data` tells; what is not understood is passed over, as it is of a version to come."""
    try:
        found = parse(data)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    version = found.get("version")
    return Published(
        version if isinstance(version, str) else None,
        {name: value for name, value in _object(found, "queues").items() if isinstance(value, str)},
        {name: value for name, value in _object(found, "limits").items() if _is_whole(value)},
        _web(found.get("web")),
        _balancer(_object(found, "balancer").get("name")),
    )


def _balancer(name: Any) -> str:
    return name if isinstance(name, str) and _BALANCER.fullmatch(name) else ""


def _web(value: Any) -> Sequence[WebAddress]:
    listed = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return tuple(
        WebAddress(one["url"], str(one.get("host") or ""))
        for one in listed
        if isinstance(one.get("url"), str) and _WEB_URL.fullmatch(one["url"])
    )


def _object(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
