"""Credentials that are what their file says at the moment of signing."""

import configparser
import os
import time
from collections.abc import Callable
from pathlib import Path

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from jobfleet_jobs.credentials.file_text import decode, what_is_wrong
from jobfleet_jobs.credentials.fitness import UnusableCredentials, require_fit


class UnusableFile(NoCredentialsError):
    """The file holds nothing to sign with, and never did."""

    fmt = "{path} holds no credentials: {why}"


class FileCredentials(Credentials):  # type: ignore[misc, unused-ignore]
    """Credentials that are what their file says at the moment of signing.

    botocore's own are read once in a session's life, so that new ones would need a restart. The
    file is read again when its time, size or inode changes; while it cannot be read, the last
    credentials stay.
    """

    def __init__(self, path: Path, profile: str) -> None:
        self._path, self._profile = path, profile
        self._seen: tuple[int, int, int] | None = None
        self._frozen: ReadOnlyCredentials | None = None
        self._why = "there is no such file"
        super().__init__("", "", None, method="jobfleet-file")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return what to sign this request with. Raises `UnusableFile` if there never was anything."""
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._frozen, self._seen = self._read(), seen
        except (OSError, configparser.Error, KeyError, UnusableCredentials) as problem:
            # Not there, not ours to read, or half written: the next request looks again.
            self._why = self._words(problem)
        if self._frozen is None:
            raise UnusableFile(path=self._path, why=self._why)
        return self._frozen

    def _read(self) -> ReadOnlyCredentials:
        """Read the file in whatever encoding it is; of what stands there twice, the last counts."""
        file = configparser.RawConfigParser(strict=False)
        file.read_string(decode(self._path.read_bytes()))
        section = file[self._profile]
        found = ReadOnlyCredentials(
            section["aws_access_key_id"],
            section["aws_secret_access_key"],
            section.get("aws_session_token"),
            None,
        )
        require_fit(found, place=str(self._path))
        return found

    def _words(self, problem: Exception) -> str:
        if isinstance(problem, OSError):
            return problem.strerror or "it cannot be read"
        if isinstance(problem, KeyError):
            return f"[{self._profile}] lacks {str(problem.args[0]).removeprefix(self._profile) or 'its line'}"
        if isinstance(problem, UnusableCredentials):
            return str(problem)
        return what_is_wrong(self._path) or "it cannot be read"


class FileProvider(CredentialProvider):  # type: ignore[misc, unused-ignore]
    """The first link of botocore's chain when a credentials file is named."""

    METHOD = "jobfleet-file"

    def __init__(self, path: Path, profile: str) -> None:
        super().__init__()
        self._credentials = FileCredentials(path, profile)

    def load(self) -> Credentials:
        """Return the one credentials object that all clients share."""
        return self._credentials


def credentials_changed() -> Callable[[], object]:
    """Return what tells whether the file in AWS_SHARED_CREDENTIALS_FILE changed, without reading it.

    What it returns is equal as long as the file is the same.
    """
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")

    def look() -> object:
        try:
            stat = os.stat(path) if path else None  # noqa: PTH116 - None is no path
        except OSError:
            return None
        return stat and (stat.st_mtime_ns, stat.st_ino, stat.st_size)

    return look


def credentials_age() -> float | None:
    """Return how many seconds ago that file was written, or None where there is none."""
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    try:
        return round(time.time() - os.stat(path).st_mtime, 1) if path else None  # noqa: PTH116
    except OSError:
        return None
