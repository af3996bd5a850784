"""The source of the credentials that boto3 finds; the credentials themselves are never shown."""

import os
from dataclasses import dataclass

from jobfleet_jobs.credentials.fitness import require_fit

from jobfleet.aws.guarded_session import TROUBLE, new_session, refused
from jobfleet.settings.settings import active_profile

# The names botocore has for the places where it looks.
_PLACES = {
    "env": "environment (AWS_ACCESS_KEY_ID)",
    "iam-role": "the role of this instance",
    "container-role": "the role of this container",
    "custom-process": "a program named in {config}",
    "sso": "single sign-on, as {config} says",
    "login": "`aws login`, as {config} says",
    "assume-role": "a role named in {config}",
    "assume-role-with-web-identity": "a web identity",
    "shared-credentials-file": "{credentials}",
    "config-file": "{config}",
}


@dataclass(frozen=True)
class Keys:
    """Credentials as they may be shown: where they are from, and the ends of the key's id."""

    source: str
    key_id: str
    temporary: bool

    def __str__(self) -> str:
        return self.key_id + (", with a session token" if self.temporary else "")


def find_keys(profile: str | None) -> Keys | None:
    """Return the credentials that boto3 finds, or None. Asks AWS nothing where they lie on this machine.

    Raises `NoCredentials` where some are meant, but cannot be had.
    """
    session = None
    try:
        session = new_session(profile)
        found = session.get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
        require_fit(frozen, found.method or "")
    except TROUBLE as problem:
        raise refused(problem, session, profile) from problem
    return Keys(_where(found.method, profile), shortened(frozen.access_key or ""), bool(frozen.token))


def shortened(key_id: str) -> str:
    """Return the two ends of an access key's id: enough to tell one from another, too little to use."""
    return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) >= 16 else f"{key_id[:2]}…"


def _where(method: str, profile: str | None) -> str:
    files = {
        "config": os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config",
        "credentials": os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
    }
    place = _PLACES.get(method, method)
    named = f", profile {profile or active_profile()}" if "{" in place else ""
    return place.format(**files) + named
