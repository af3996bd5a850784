"""Keys that moto made: those of IAM users and of roles that somebody assumed. And what IAM lets them do."""

import json
from calendar import timegm
from typing import Any

from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.models import AccessKey, Policy, iam_backends
from moto.sts.models import sts_backends

from localcloud.iam import keyring
from localcloud.iam.keyring import Credential, Kind

_PARTITION = "aws"


def find_in_iam(key_id: str) -> Credential | None:
    """Return the key if IAM or STS made it and it is active."""
    # A copy: other threads make accounts meanwhile.
    for account, partitions in list(iam_backends.items()):
        key = partitions[_PARTITION].access_keys.get(key_id)
        if key is not None and key.status == "Active":
            return _of_user(account, key) if key.user_name else _of_role(account, key)
    return None


def _of_user(account: str, key: AccessKey) -> Credential:
    user = iam_backends[account][_PARTITION].get_user(key.user_name or "")
    return Credential(
        key.access_key_id,
        key.secret_access_key,
        token=None,
        account=account,
        kind=Kind.USER,
        principal=user.arn,
        user_id=user.id,
        expires=None,
    )


def _of_role(account: str, key: AccessKey) -> Credential | None:
    role = sts_backends[account][_PARTITION].get_assumed_role_from_access_key(key.access_key_id)
    if role is None:
        return None
    return Credential(
        key.access_key_id,
        key.secret_access_key,
        token=role.session_token,
        account=account,
        kind=Kind.ROLE,
        principal=role.arn,
        user_id=role.user_id,
        expires=timegm(role.expiration.utctimetuple()),
    )


def policies_in_iam(credential: Credential) -> list[keyring.Policy]:
    """Return the documents that IAM holds for the key's user or role."""
    if credential.kind is Kind.USER:
        try:
            key = create_access_key(credential.account, _PARTITION, credential.key_id, {})
        except CreateAccessKeyFailure:
            return []  # deleted meanwhile
        return [_document(one) for one in key.collect_policies()]
    role = credential.principal.split("/")[1]
    iam = iam_backends[credential.account][_PARTITION]
    inline = [iam.get_role_policy(role, name)[1] for name in iam.list_role_policies(role)]
    attached, _ = iam.list_attached_role_policies(role)
    return [_document(one) for one in (*inline, *attached)]


def _document(policy: Any) -> keyring.Policy:
    """Return the document in whichever form moto keeps it."""
    if isinstance(policy, Policy):
        text = next(version.document for version in policy.versions if version.is_default)
    else:
        text = policy if isinstance(policy, str) else policy["policy_document"]
    return keyring.read_policy(json.dumps(text) if isinstance(text, dict) else text)
