"""The caller of the request in hand."""

from contextvars import ContextVar

from localcloud.iam.keyring import Credential

_caller: ContextVar[Credential | None] = ContextVar("caller", default=None)


def remember_credential(credential: Credential | None) -> None:
    """Remember the key that this thread's request is signed with."""
    _caller.set(credential)


def current_credential() -> Credential | None:
    """Return the key of the request in hand; None if it is not signed."""
    return _caller.get()
