"""The owner of the credentials, their source, and their end as far as it is known."""

import configparser
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobfleet_jobs.credentials.end_notes import END_NOTES

from jobfleet.aws.account import Account
from jobfleet.files.paths import at_home
from jobfleet.human_text import ago


@dataclass(frozen=True)
class Identity:
    """Credentials that AWS accepts: the ARN they stand for, and where boto3 found them.

    `written` is when their file was, `ends` is what the file says of it; `temporary` says that there
    is a session token.
    """

    account: str
    arn: str
    source: str
    temporary: bool
    written: datetime | None = None
    ends: str | None = None

    @property
    def words(self) -> str:
        """Their state, for people."""
        where = f"from {self.source}" + (f", written {ago(self.written)}" if self.written else "")
        if not self.temporary:
            end = "without an end"
        else:
            end = f"they end {self.ends}" if self.ends else "with an end that AWS does not tell"
        return f"accepted, {self.arn} ({where}; {end})"


def find_identity(account: Account) -> Identity:
    """Ask AWS whose the credentials are. Raises AWS's errors."""
    known = account.identity
    found = account.session.get_credentials()
    method, token = (found.method or "", found.get_frozen_credentials().token) if found else ("", None)
    if method != "shared-credentials-file":
        return Identity(known["Account"], known["Arn"], _source(method), bool(token))
    path = at_home(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    written, ends = _look_into(path, account.session.profile_name)
    return Identity(known["Account"], known["Arn"], str(path), bool(token), written, ends)


def _source(method: str) -> str:
    return {"env": "the environment", "iam-role": "the instance's role"}.get(
        method, method or "an unknown place"
    )


def _look_into(path: Path, profile: str) -> tuple[datetime | None, str | None]:
    """Return when the file was written and what it says of the end; nothing of it is ever shown but that."""
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        file = configparser.RawConfigParser()
        file.read(path, encoding="utf-8")
        ends = next((file[profile][name] for name in END_NOTES if name in file[profile]), None)
    except (OSError, configparser.Error, KeyError, UnicodeDecodeError):
        return None, None
    return written, ends
