"""Calls of AWS's query protocol, as the embedded AWS has read them."""

from collections.abc import Mapping
from typing import Any

from localcloud.wire.call import Call, Family
from localcloud.wire.signature import Signed


def query_call(
    service: str, operation: str, parameters: Mapping[str, str], region: str = "us-east-1"
) -> Call:
    """Return a call that anybody has signed."""
    signed: Any = Signed.__new__(Signed)
    return Call(
        method="POST", path="/", query="", service=service, region=region, family=Family.QUERY,
        operation=operation, parameters=dict(parameters), body=None, signed=signed, copy_source="",
        malformed=None,
    )  # fmt: skip
