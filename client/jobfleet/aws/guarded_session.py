"""Sessions of botocore whose credentials are fit to send, and the client's words on the others."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from jobfleet_jobs.credentials.sentences import Origin, origin_of, renewal, why_unusable
from jobfleet_jobs.credentials.session_guard import guard

from jobfleet.aws.changing_file import follow_the_file
from jobfleet.errors import FleetError, NoCredentials, UnknownSettings
from jobfleet.human_text import plain
from jobfleet.settings.settings import active_profile, session_of

# What the search for credentials raises. RuntimeError is botocore's own, for refreshed ones that are over
# already; the last six are what it does with files and programs whose words are other than it thinks.
TROUBLE = (
    BotoCoreError, ClientError, RuntimeError, OSError, ValueError, LookupError, TypeError, ArithmeticError,
    AttributeError,
)  # fmt: skip


def new_session(profile: str | None) -> Session:
    """Return a session, guarded, that follows its file.

    Raises what botocore raises for profiles and files that it cannot read, and `UnknownSettings`.
    """
    session = session_of(profile)
    _refuse_flat(session.get_scoped_config(), profile or active_profile())
    return follow_the_file(guard(session))


def _refuse_flat(lines: Mapping[str, Any], profile: str) -> None:
    """Raise `UnknownSettings` for settings with one value where botocore expects several of their own."""
    for name in ("s3", "api_versions"):
        if not isinstance(lines.get(name, {}), Mapping):
            raise UnknownSettings(
                f"{name} of profile {profile} in ~/.aws/config has a value of its own: put its settings in "
                "indented lines below it, or take it away"
            )


def no_credentials(
    problem: BaseException, session: Session | None, profile: str | None
) -> NoCredentials | None:
    """Return what `problem` says of credentials that cannot be had; None where it is about something else."""
    words = why_unusable(problem, _origin(session, profile, were_found=False))
    return NoCredentials(words) if words else None


def refused(problem: Exception, session: Session | None, profile: str | None) -> FleetError:
    """Return what `problem` says, which came up in the search for credentials."""
    found = no_credentials(problem, session, profile)
    return found or NoCredentials(
        f"the AWS credentials cannot be used: {plain(problem, 200)}; look into ~/.aws/config and the "
        "variables whose names begin with AWS_"
    )


def how_to_renew(session: Session, profile: str | None) -> str:
    """Return what to do about credentials that were found, and that AWS does not take."""
    return renewal(_origin(session, profile, were_found=True))


def _origin(session: Session | None, profile: str | None, *, were_found: bool) -> Origin:
    return origin_of(session or session_of(profile), profile or active_profile(), were_found=were_found)
