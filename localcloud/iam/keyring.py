"""The keys this cloud knows: whom each speaks for, and when it dies."""

import base64
import json
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from localcloud.iam.conditions import unknown_operators

# The account moto takes a request for unless it is told of another.
HOME_ACCOUNT = "123456789012"

# The role a Learner Lab logs its people in with.
LAB_ROLE = "voclabs"

LAB_MINUTES = 240

# At the end of a session, or when its budget is spent, the lab attaches this policy to the role of its
# people, which denies everything. GetCallerIdentity still answers, as no policy can deny that. No page of
# AWS's says so; many people have published the refusals they got. AWS names the policy that denies:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
CANCEL_POLICY = "voc-cancel-cred"

_ID_LETTERS = string.ascii_uppercase + "234567"
_SECRET_LETTERS = string.ascii_letters + string.digits + "+/"
# All session tokens of AWS begin alike, which is how a person and a scanner know one.
_TOKEN_START = b"!\n\torigin_ec"


class Kind(StrEnum):
    """What a key was made for."""

    ENVIRONMENT = "environment"
    """What `localcloud env` prints; it lives as long as the cloud."""
    LAB = "lab"
    POLICY = "policy"
    """Held to one policy document, always."""
    ROLE = "role"
    """Of a role: through the instance metadata service or AssumeRole."""
    USER = "user"
    """An IAM user's own, without a session token."""


Policy = dict[str, Any]


@dataclass(frozen=True)
class Credential:
    """One access key. The secret parts never show in a `repr`."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    account: str
    kind: Kind
    principal: str
    """The ARN that GetCallerIdentity answers."""
    user_id: str
    expires: float | None
    """Unix time in seconds; None lives as long as the cloud."""
    policies: tuple[Policy, ...] | None = None
    """The documents it is held to; None may do everything."""
    cancelled: bool = False
    """Whether its lab's session has ended: see `CANCEL_POLICY`."""

    def is_dead(self, now: float | None = None) -> bool:
        """Tell whether it has expired."""
        return self.expires is not None and self.expires <= (time.time() if now is None else now)

    def block(self) -> str:
        """Return it the way the lab shows it under "AWS CLI"."""
        return (
            "[default]\n"
            f"aws_access_key_id={self.key_id}\n"
            f"aws_secret_access_key={self.secret}\n"
            f"aws_session_token={self.token}\n"
        )


class Keyring:
    """All keys of one cloud. Safe for several threads."""

    def __init__(self, find_elsewhere: Callable[[str], Credential | None] = lambda _: None) -> None:
        """Look for keys that were not issued here by `find_elsewhere`."""
        self._issued: dict[str, Credential] = {}
        self._lock = threading.Lock()
        self._find_elsewhere = find_elsewhere

    def issue(
        self,
        kind: Kind,
        *,
        account: str = HOME_ACCOUNT,
        role: str = LAB_ROLE,
        session: str = "",
        seconds: float | None = None,
        policies: Iterable[Policy] | None = None,
        cancelled: bool = False,
    ) -> Credential:
        """Make a key of `account` that dies after `seconds`; None keeps it alive.

        It speaks for a session of `role` called `session`, as all keys of a lab do. If it is `cancelled`,
        that session of the lab has ended.
        """
        session = session or f"user{secrets.randbelow(10**7):07}=localcloud"
        credential = Credential(
            key_id=_random_id("ASIA"),
            secret="".join(secrets.choice(_SECRET_LETTERS) for _ in range(40)),
            token=base64.b64encode(_TOKEN_START + secrets.token_bytes(229)).decode(),
            account=account,
            kind=kind,
            principal=f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            user_id=f"{_random_id('AROA', 17)}:{session}",
            expires=None if seconds is None else time.time() + seconds,
            policies=None if policies is None else tuple(policies),
            cancelled=cancelled,
        )
        with self._lock:
            self._issued[credential.key_id] = credential
        return credential

    def find(self, key_id: str) -> Credential | None:
        """Return the key, dead ones included; None if nobody ever made it."""
        return self._issued.get(key_id) or self._find_elsewhere(key_id)

    def expire(self) -> int:
        """Let all keys die but the environment's; return how many were alive."""
        return self._change(lambda one, now: replace(one, expires=now))

    def cancel(self) -> int:
        """Do to the keys what a lab does at the end of its session; return how many it was done to.

        The keys of its people are cancelled, and stay so when the next session begins. Those of roles die.
        """

        def cancelled(one: Credential, now: float) -> Credential:
            return replace(one, expires=now) if one.kind is Kind.ROLE else replace(one, cancelled=True)

        return self._change(cancelled)

    def _change(self, change: Callable[[Credential, float], Credential]) -> int:
        now = time.time()
        with self._lock:
            alive = [
                one
                for one in self._issued.values()
                if one.kind is not Kind.ENVIRONMENT and not one.is_dead(now)
            ]
            changed = [new for old in alive if (new := change(old, now)) != old]
            self._issued |= {one.key_id: one for one in changed}
        return len(changed)


def _random_id(prefix: str, letters: int = 16) -> str:
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(letters))


def read_policy(text: str) -> Policy:
    """Return the policy document in `text`. Raises `ValueError` that says what is wrong with it."""
    document = json.loads(text)
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise ValueError('it has no "Statement"')
    for number, one in enumerate(statements, 1):
        if not isinstance(one, dict) or one.get("Effect") not in ("Allow", "Deny"):
            raise ValueError(f'statement {number} has neither "Effect": "Allow" nor "Deny"')
        for word in ("Action", "Resource"):
            if (word in one) == (f"Not{word}" in one):
                raise ValueError(f'statement {number} must have either "{word}" or "Not{word}"')
        if unknown := unknown_operators(one.get("Condition", {})):
            raise ValueError(f"statement {number}: localcloud cannot judge {', '.join(sorted(unknown))}")
    return {**document, "Statement": statements}
