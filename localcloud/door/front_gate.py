"""The gate before moto: whether a request's key is in order, and whether it may do this."""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

import botocore.session

from localcloud.iam.current_caller import remember_credential
from localcloud.iam.keyring import Credential, Keyring
from localcloud.wire import signature
from localcloud.wire.call import Call, Family
from localcloud.wire.refusals import Refusal, RefusalReason, refuse
from localcloud.wire.signature import Signed

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The header by which moto is told whose resources a request is about.
_ACCOUNT_HEADER = "HTTP_X_MOTO_ACCOUNT_ID"

# What AWS answers without a signature.
_UNSIGNED_OPERATIONS = {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}

Guard = Callable[[Call, Credential], Refusal | None]
"""Looks at a call whose key is in order and returns why it may not pass."""


class Gate:
    """Lets requests through to moto, each with the account of its key."""

    def __init__(self, moto: "WSGIApplication", keyring: Keyring, guards: Iterable[Guard] = ()) -> None:
        """Ask each of `guards` once the key is known to be in order."""
        self._moto = moto
        self._keyring = keyring
        self._guards = tuple(guards)

    def answer(
        self,
        call: Call,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        hear: Callable[[Credential | None, Refusal | None], None],
    ) -> Iterable[bytes]:
        """Answer the call; before the answer starts, `hear` is told whose it is and why it was refused."""
        environ.pop(_ACCOUNT_HEADER, None)
        credential = self._keyring.find(call.signed.key_id) if call.signed else None
        refusal = self.why_not(call, environ, credential)
        hear(credential, refusal)
        if refusal is not None:
            return _send(refusal, start_response)
        remember_credential(credential)
        if credential is not None:
            environ[_ACCOUNT_HEADER] = credential.account
        return self._moto(environ, start_response)

    def why_not(
        self, call: Call, environ: "WSGIEnvironment", credential: Credential | None
    ) -> Refusal | None:
        """Return why the call may not pass, None if it may."""
        if call.malformed is not None:
            return refuse(call, RefusalReason.MALFORMED, call.malformed)
        if call.signed is None:
            return None if _needs_no_signature(call) else refuse(call, RefusalReason.UNSIGNED)
        now = time.time()
        trouble = _trouble(call.signed, environ, call.body, credential, now)
        if trouble is RefusalReason.CLOCK_SKEW:
            return refuse(call, trouble, signature.why_skewed(call.signed, now) or "")
        if trouble is not None:
            return refuse(call, trouble)
        if call.region not in _regions():
            return refuse(call, RefusalReason.NO_SUCH_REGION, _no_such_region(call.region))
        assert credential is not None  # noqa: S101  an unknown key is a trouble
        for guard in self._guards:
            if refusal := guard(call, credential):
                return refusal
        return None


def _needs_no_signature(call: Call) -> bool:
    if call.family is not Family.S3:
        return call.operation in _UNSIGNED_OPERATIONS
    # moto looks itself whether an object may be read by anybody, and a form brings its signature in the body.
    is_object = "/" in call.path.strip("/")
    return call.method in ("OPTIONS", "POST") or (is_object and call.method in ("GET", "HEAD"))


def _trouble(
    signed: Signed,
    environ: "WSGIEnvironment",
    body: bytes | None,
    credential: Credential | None,
    now: float,
) -> RefusalReason | None:
    if credential is None:
        return RefusalReason.UNKNOWN_KEY
    if signed.token != credential.token:
        # With no token at all, a temporary key is none that AWS has on record.
        return RefusalReason.WRONG_TOKEN if signed.token else RefusalReason.UNKNOWN_KEY
    if credential.is_dead(now):
        return RefusalReason.EXPIRED
    if signature.link_is_over(signed, now):
        return RefusalReason.LINK_OVER
    if signature.why_skewed(signed, now):
        return RefusalReason.CLOCK_SKEW
    if not signature.is_right(signed, environ, body, credential.secret):
        return RefusalReason.WRONG_SIGNATURE
    return None


@lru_cache
def _regions() -> frozenset[str]:
    session = botocore.session.get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition_name=partition)
    )


def _no_such_region(region: str) -> str:
    return (
        f"Credential should be scoped to a valid region: AWS has no region {region!r}; "
        "set the region to one it has, such as us-east-1"
    )


def _send(refusal: Refusal, start_response: "StartResponse") -> Iterable[bytes]:
    headers = [*refusal.headers, ("Content-Length", str(len(refusal.body)))]
    start_response(f"{refusal.status} {HTTPStatus(refusal.status).phrase}", headers)
    return [refusal.body]
