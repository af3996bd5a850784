"""The caller of the request in hand, and what a request for many things may not do."""

from collections.abc import Iterable
from contextvars import ContextVar

from localcloud.iam.keyring import Credential

_caller: ContextVar[Credential | None] = ContextVar("caller", default=None)
_denied: ContextVar[frozenset[str]] = ContextVar("denied", default=frozenset())


def remember_credential(credential: Credential | None) -> None:
    """Remember the key that this thread's request is signed with."""
    _caller.set(credential)


def current_credential() -> Credential | None:
    """Return the key of the request in hand; None if it is not signed."""
    return _caller.get()


def remember_denied_deletions(resources: Iterable[str]) -> None:
    """Remember which objects this thread's request may not delete, among others that it may."""
    _denied.set(frozenset(resources))


def denied_deletions() -> frozenset[str]:
    """Return the ARNs of those objects."""
    return _denied.get()
