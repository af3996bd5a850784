"""Whose credentials are in force, until when, and what to do when AWS does not take them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.account.aws_session import new_session
from ansible.module_utils.account.lab_limits import LAB_ROLES
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.session import Session
from jobfleet_jobs.credentials import clock_skew
from jobfleet_jobs.credentials.end_notes import END_NOTES
from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.credentials.sentences import Origin, origin_of, renewal, why_passed_over, why_unusable
from jobfleet_jobs.protocol.aws_facts import EXPIRED, lab_has_ended

HOW = (
    "in a Learner Lab press AWS Details, then Show beside AWS CLI, and paste that block into "
    "~/.aws/credentials"
)

# What only a lab's credentials meet with needs no word on where it holds.
_START_AGAIN = (
    "press Start Lab, then AWS Details and Show beside AWS CLI, and paste that block into ~/.aws/credentials"
)


# What the search for credentials raises: botocore's errors, a RuntimeError for ones that are over already,
# and Python's own for files and variables whose words are other than botocore thinks.
CREDENTIALS_TROUBLE = (
    BotoCoreError, ClientError, RuntimeError, OSError, ValueError, LookupError, TypeError, ArithmeticError,
)  # fmt: skip


def expiry_of(session: Session) -> datetime | None:
    """Return when the credentials end, or None where nothing on this machine tells.

    A session token is opaque: only who issued it knows. What can be known is what stands beside it: a
    refreshing source's own time (instance metadata, single sign-on, a credential process),
    AWS_CREDENTIAL_EXPIRATION, or a key in the credentials file. Raises botocore's errors.
    """
    credentials = session.get_credentials()
    if isinstance(credentials, RefreshableCredentials):
        return getattr(credentials, "_expiry_time", None)
    method = getattr(credentials, "method", "")
    if method == "env":
        return _read(os.environ.get("AWS_CREDENTIAL_EXPIRATION", ""))
    if method == "shared-credentials-file":
        return max(_notes(session).values(), default=None)
    return None


def end_of_accepted(session: Session, now: datetime) -> datetime | None:
    """Return when credentials end that AWS takes at this moment, or None where that is not known."""
    return None if stale_notes(session, now) else expiry_of(session)


def stale_notes(session: Session, now: datetime) -> list[str]:
    """Return the names of lines in the credentials file that say of credentials in force that they are over.

    AWS takes the keys beside them, so a session before these left the lines there: who pastes new keys over
    old ones by hand does not touch them.
    """
    if getattr(session.get_credentials(), "method", "") != "shared-credentials-file":
        return []
    notes = _notes(session)
    return sorted(notes) if notes and max(notes.values()) <= now else []


def _notes(session: Session) -> dict[str, datetime]:
    """Return what stands beside the keys of the profile on their end, by the name of the line."""
    profile = session.full_config.get("profiles", {}).get(session.profile or "default", {})
    found = {key: _read(str(profile.get(key, ""))) for key in END_NOTES}
    return {key: moment for key, moment in found.items() if moment}


def _read(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def life_of(session: Session, now: datetime) -> str:
    """Return in words how long credentials live that AWS takes. Raises botocore's errors."""
    credentials = session.get_credentials()
    if credentials is None:
        return "there are none"
    ends = end_of_accepted(session, now)
    if ends:
        left = max(int((ends - now).total_seconds() // 60), 0)
        return f"they end at {ends:%Y-%m-%d %H:%M} UTC, in {left // 60} h {left % 60:02d} min"
    life = "they do not expire"
    if credentials.token:
        life = "they end with their session; when, a session token does not tell: the lab's timer shows it"
    stale = stale_notes(session, now)
    if not stale:
        return life
    old = f"what an older session left there, and by which they would be over: {', '.join(stale)}"
    return f"{life}; take out of ~/.aws/credentials {old}"


def trouble_of(problem: Exception) -> str:
    """Return one sentence about credentials that could not be used, with what to do."""
    if isinstance(problem, NoCredentialsError):
        return f"There are no AWS credentials on this machine ({problem}): {why_passed_over() or HOW}."
    if said := why_none(problem):
        return said
    if isinstance(problem, ClientError):
        code = problem.response["Error"]["Code"]
        if skewed := clock_trouble(problem):
            return skewed
        if lab_has_ended(problem.response):
            return (
                "The lab's session has ended or its budget is spent, and AWS refuses these credentials "
                f"everything since: {_START_AGAIN}."
            )
        if code in EXPIRED:
            return f"The AWS credentials have expired ({code}): {_how_to_renew(session_is_over=True)}."
        return f"AWS does not take the credentials ({code}): {_how_to_renew()}."
    if isinstance(problem, NoConnection | HTTPClientError):
        return (
            f"AWS does not answer ({redact(str(problem))}): look at this machine's network and at aws_region "
            "in inventory/group_vars/all.yml."
        )
    if type(problem) is RuntimeError:  # botocore's own word for credentials known to be over
        return f"The AWS credentials have expired ({problem}): {_how_to_renew(session_is_over=True)}."
    if not isinstance(problem, BotoCoreError):
        return (
            f"The AWS credentials of this machine cannot be used ({redact(str(problem))}): look into "
            "~/.aws/config and the variables whose names begin with AWS_."
        )
    return f"The AWS credentials of this machine cannot be read ({redact(str(problem))}): {HOW}."


def clock_trouble(problem: ClientError) -> str:
    """Return the client's own sentence where this machine's clock is why AWS refuses, or nothing."""
    skew = clock_skew.why_refused(problem.response)
    return f"{skew}." if skew else ""


def why_none(problem: Exception) -> str | None:
    """Return a sentence on credentials that cannot be had, or None where the problem is another."""
    clause = why_unusable(problem, _origin(were_found=False))
    return clause and f"{clause[0].upper()}{clause[1:]}."


def _origin(*, were_found: bool) -> Origin:
    return origin_of(new_session(), os.environ.get("AWS_PROFILE") or "default", were_found=were_found)


def _how_to_renew(*, session_is_over: bool = False) -> str:
    """Return what to do about credentials that AWS does not take; a lab's only for what may be a lab's."""
    origin = _origin(were_found=True)
    if origin.kind in ("env", "keys") and origin.temporary:
        return f"start the lab's session again, then {HOW}" if session_is_over else HOW
    return renewal(origin)


def who(client: Callable[[str], Any]) -> tuple[dict[str, str] | None, str]:
    """Return the caller's `account` and `arn`, or None and a sentence. `client` takes a service's name.

    At the end of a lab's session GetCallerIdentity still succeeds and all else is refused, so in a lab a
    second call is made. Whether the caller may make that one does not matter here. STS bears a clock longer
    than most services do.
    """
    try:
        answer = client("sts").get_caller_identity()
        if any(role in answer["Arn"] for role in LAB_ROLES):
            _ensure_alive(client("ec2"))
    except CREDENTIALS_TROUBLE as problem:
        return None, trouble_of(problem)
    if skewed := clock_skew.why_it_will_refuse(answer):
        return None, f"{skewed[0].upper()}{skewed[1:]}."
    return {"account": answer["Account"], "arn": answer["Arn"]}, ""


def _ensure_alive(ec2: Any) -> None:
    try:
        ec2.describe_availability_zones()
    except ClientError as problem:
        if lab_has_ended(problem.response):
            raise
