"""Credentials of AWS's shared file that are what the file says at the moment of signing."""

import os
from pathlib import Path
from typing import Any

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session
from jobfleet_jobs.credentials.fitness import require_fit

METHOD = "shared-credentials-file"

State = tuple[int, int, int] | None
"""What tells one state of a file from another, None if there is no such file."""


def follow_the_file(session: Session) -> Session:
    """Have the shared file's credentials read again when the file changes, and return the session.

    botocore reads them once in a session's life. A lab's end after hours, and what runs longer gets new ones
    in the same file. Raises what botocore raises for settings that it cannot read.
    """
    providers: list[Any] = session.get_component("credential_provider").providers
    providers[:] = [FollowedFile(one) if one.METHOD == METHOD else one for one in providers]
    return session


class FollowedFile(CredentialProvider):  # type: ignore[misc, unused-ignore]
    """The link of botocore's chain for the shared file, which takes over from botocore's own."""

    METHOD = METHOD

    def __init__(self, reader: Any) -> None:
        super().__init__()
        self._reader = reader

    def load(self) -> "ChangingCredentials | None":
        """Return the credentials, None if the file has none for this profile."""
        state = _state(self._reader)
        found = self._reader.load()
        return found and ChangingCredentials(self._reader, found.get_frozen_credentials(), state)


class ChangingCredentials(Credentials):  # type: ignore[misc, unused-ignore]
    """Credentials that are read again when the time, size or inode of their file changes.

    While the file cannot be read, or holds what cannot be credentials, the last ones stay.
    """

    def __init__(self, reader: Any, frozen: ReadOnlyCredentials, state: State) -> None:
        super().__init__(frozen.access_key or "", frozen.secret_key or "", frozen.token, method=METHOD)
        self._reader, self._frozen, self._seen = reader, frozen, state

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return what to sign this request with."""
        state = _state(self._reader)
        if state != self._seen:
            try:
                found = self._reader.load()
                if found:
                    frozen = found.get_frozen_credentials()
                    require_fit(frozen, METHOD)
                    self._frozen, self._seen = frozen, state
            except (BotoCoreError, OSError):
                pass  # half written, or not ours to read: the next request looks again
        return self._frozen


def _state(reader: Any) -> State:
    try:
        # As botocore finds it.
        stat = Path(os.path.expandvars(reader._creds_filename)).expanduser().stat()
    except (OSError, RuntimeError):
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size
