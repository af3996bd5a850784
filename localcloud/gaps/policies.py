"""Policies: conditions on the connection."""

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from localcloud.gaps.patching import put_over

_ONLY_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def mend() -> None:
    """Mend all gaps of policies."""
    _what_is_denied_without_tls_is_allowed_here()


def _what_is_denied_without_tls_is_allowed_here() -> None:
    """A statement with a condition holds only where the condition does. moto denies all the same.

    Every request to this cloud counts as made over TLS: it is plain HTTP, but never leaves the
    machine, and a policy that asks for TLS is what the playbook has to be tested with.
    """
    is_action_permitted = IAMPolicyStatement.is_action_permitted

    def is_permitted(statement: IAMPolicyStatement, *arguments: Any, **more: Any) -> PermissionResult:
        if statement._statement.get("Condition") == _ONLY_WITHOUT_TLS:
            return PermissionResult.NEUTRAL
        return is_action_permitted(statement, *arguments, **more)

    put_over(IAMPolicyStatement, "is_action_permitted", is_permitted)
