"""The token that every request brings."""

import base64
import binascii
import hmac
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from jobfleet_jobs.credentials.redaction import remember

from jobfleet_web.door.head import Head
from jobfleet_web.problems import Problem
from jobfleet_web.settings import BadSettings

# What an instrument that watches the process reads; it tells nothing of what was uploaded.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})

# Load generators that compare balanced instances know no token.
BALANCED_OPEN_PATHS = OPEN_PATHS | {"/whoami"}

_CHALLENGE = 'Basic realm="jobfleet", charset="UTF-8"'


class Token:
    """The token in a file, which is read again when it changed. Raises `BadSettings` for one without any.

    `open_paths` need none.
    """

    def __init__(self, path: Path, open_paths: Collection[str] = OPEN_PATHS) -> None:
        self._path, self._open_paths = path, open_paths
        self._token, self._mark = b"", (0, 0, 0)
        try:
            self._read_again()
        except OSError as problem:
            raise BadSettings(f"token_file {path} cannot be read: {problem.strerror or problem}") from problem
        if not self._token:
            raise BadSettings(f"token_file {path} holds no token")

    def check(self, head: Head) -> None:
        """Raise `Problem` for a request without the token."""
        if head.path in self._open_paths:
            return
        given = head.all("authorization")
        if len(given) == 1 and hmac.compare_digest(_password(given[0]), self._current()):
            return
        said = "is not this host's" if given else "is missing"
        raise Problem(
            401, "no-access", f"the token {said}",
            mend="`jobfleet web` prints it. Send it as the password of HTTP Basic, with any user name, or as "
            "`Authorization: Bearer TOKEN`.",
        ).with_headers(WWW_Authenticate=_CHALLENGE)  # fmt: skip

    def _current(self) -> bytes:
        # While the file is being replaced, the last token that was read holds.
        with suppress(OSError):
            self._read_again()
        return self._token

    def _read_again(self) -> None:
        found = self._path.stat()
        mark = (found.st_mtime_ns, found.st_ino, found.st_size)
        if mark == self._mark:
            return
        token = self._path.read_bytes().strip()
        if token:
            self._token, self._mark = token, mark
            remember(token.decode("utf-8", "replace"))


def _password(given: str) -> bytes:
    """Return what stands for the token in a value of Authorization; nothing for what cannot be read."""
    scheme, _, value = given.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value.encode("latin-1")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
