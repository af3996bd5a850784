"""Copies of credentials that end soon: what renews the ones on this machine does not renew a copy."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible.module_utils.account.caller_identity import end_of_accepted
from botocore.credentials import RefreshableCredentials
from botocore.session import Session

# Keys of `aws login` live for 15 min, those of AssumeRole for 1 h unless asked for more. A copy that lives no
# longer than this is over before a person has looked at the workers twice.
# https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
SHORT = timedelta(hours=2)

WAY_OUT = (
    "set worker_credentials: instance_profile in inventory/group_vars/all.yml, or name there in "
    "worker_credentials_file a file with a key for the workers that lasts (docs/policies/worker.json says "
    "what it has to be allowed)"
)


def life_of_copy(session: Session, now: datetime, *, lab: bool) -> tuple[str, bool]:
    """Return a sentence on how long a copy of credentials lives, and whether that is too short.

    AWS takes the credentials at this moment. The sentence is empty where there is nothing to say: in a lab,
    where every block ends and is replaced, and where nothing on this machine tells their end. Raises
    botocore's errors.
    """
    credentials = session.get_credentials()
    if lab or credentials is None:
        return "", False
    renewed = isinstance(credentials, RefreshableCredentials)
    if renewed:
        credentials.get_frozen_credentials()  # only then some know when they end
    ends = end_of_accepted(session, now)
    if ends is None:
        return "", False
    left = int((ends - now).total_seconds() // 60)
    when = f"at {ends:%Y-%m-%d %H:%M} UTC, in {left // 60} h {left % 60:02d} min"
    if ends - now < SHORT:
        copy = f"The workers would get a copy of this machine's credentials, which ends {when}"
        return f"{copy}: nothing renews a copy. Instead, {WAY_OUT}.", True
    if not renewed:
        return "", False
    return f"The workers' copy of these credentials ends {when}, and nothing renews it: {WAY_OUT}.", False
