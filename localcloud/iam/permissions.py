"""The permissions of keys: those made with a policy and cancelled ones always, IAM's if that is on."""

from collections.abc import Callable, Iterable

from moto.s3.models import s3_backends

from localcloud.iam.current_caller import remember_denied_deletions
from localcloud.iam.keyring import CANCEL_POLICY, Credential, Kind, Policy
from localcloud.iam.need import Context, Need
from localcloud.iam.needs import needs_of
from localcloud.iam.policy import Decision, decide
from localcloud.wire.call import Call
from localcloud.wire.refusals import Refusal, RefusalReason, refuse

_REASONS = {
    Decision.DENIED: "with an explicit deny in an identity-based policy",
    Decision.NOT_ALLOWED: "because no identity-based policy allows the {} action",
}

# It needs no permission, and no policy can take it away.
_ALWAYS_ALLOWED = "sts:GetCallerIdentity"

_NOTHING_ANY_MORE: Policy = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


class Permissions:
    """Which keys may do what. Safe for several threads."""

    def __init__(self, policies_in_iam: Callable[[Credential], list[Policy]], *, enforces_iam: bool) -> None:
        """Look policies of users and roles up by `policies_in_iam`."""
        self._policies_in_iam = policies_in_iam
        self._enforces_iam = enforces_iam

    def enforce_iam(self, on: bool) -> None:
        """Hold IAM's users and roles to their policies from now on, or no more."""
        self._enforces_iam = on

    def guard(self, call: Call, credential: Credential) -> Refusal | None:
        """Return why a call is not allowed; see `gate.Guard`."""
        remember_denied_deletions(())
        policies = self._policies_of(credential)
        if policies is None:
            return None
        denied = []
        context = _context(call, credential)
        needs = needs_of(call, credential.account)
        for need in [*needs, *_hidden(needs, credential.account)]:
            if need.action == _ALWAYS_ALLOWED:
                continue
            decision = decide(policies, need, context)
            if decision is Decision.ALLOWED:
                continue
            if not call.deletes_many:
                return refuse(call, RefusalReason.DENIED, _words(call, credential, need, decision))
            denied.append(need.resource)
        # S3 answers for each key by itself.
        remember_denied_deletions(denied)
        return None

    def _policies_of(self, credential: Credential) -> list[Policy] | None:
        if credential.cancelled:
            return [_NOTHING_ANY_MORE]
        if credential.policies is not None:
            return list(credential.policies)
        if self._enforces_iam and credential.kind in (Kind.USER, Kind.ROLE):
            return self._policies_in_iam(credential)
        return None


def _words(call: Call, credential: Credential, need: Need, decision: Decision) -> str:
    # SQS writes its actions in small letters.
    action = need.action.lower() if call.service == "sqs" else need.action
    reason = _REASONS[decision].format(action)
    if credential.cancelled:
        reason += f": arn:aws:iam::{credential.account}:policy/{CANCEL_POLICY}"
    return (
        f"User: {credential.principal} is not authorized to perform: {action} "
        f"on resource: {need.resource} {reason}"
    )


def _context(call: Call, credential: Credential) -> Context:
    return {
        "aws:PrincipalAccount": credential.account,
        "aws:PrincipalArn": credential.principal,
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": credential.account,
        # See gaps.policies: a request on this machine counts as made over TLS.
        "aws:SecureTransport": "true",
        "aws:SourceIp": "127.0.0.1",
        "aws:userid": credential.user_id,
        "aws:username": credential.principal.rpartition("/")[2],
    }


def _hidden(needs: Iterable[Need], account: str) -> list[Need]:
    """Return the need to list the bucket where an object to be read is not there.

    S3 tells only those who may list that there is no such key; others get AccessDenied.
    """
    found = []
    for need in needs:
        if need.action in ("s3:GetObject", "s3:GetObjectVersion"):
            name, _, key = need.resource.removeprefix("arn:aws:s3:::").partition("/")
            bucket = s3_backends[account]["aws"].buckets.get(name)
            if bucket is not None and bucket.keys.get(key) is None:
                found.append(Need("s3:ListBucket", f"arn:aws:s3:::{name}"))
    return found
