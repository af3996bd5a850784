"""The program that a profile names in `credential_process`, run with a time limit and heard with care."""

import os
import subprocess
from datetime import datetime
from typing import Any

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.credentials.fitness import UnusableCredentials
from jobfleet_jobs.credentials.redaction import redact, remember

# Longer than a person takes to touch a security key, shorter than one waits for a command that does nothing.
LIMIT_SECONDS = 60.0

# As much of what it said of its failure is told.
_SAID_MAX = 200

_KEYS = ("AccessKeyId", "SecretAccessKey")
_SECRET = ("SecretAccessKey", "SessionToken")


class CredentialProgram:
    """Stands where botocore starts `subprocess.Popen`, and returns only what botocore can read.

    Arguments are never told, as they may be secrets; nor is what it printed.
    """

    def __init__(self, command: list[str], **_: Any) -> None:
        if not command:
            raise UnusableCredentials(
                "credential_process in ~/.aws/config names no program: write its command there, or take the "
                "line away"
            )
        self._name = os.path.basename(command[0])  # noqa: PTH119 - an empty name is none of a path
        self.returncode = 0
        try:
            self._process = subprocess.Popen(  # noqa: S603 - what the person's own profile names
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except (OSError, ValueError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "its name cannot be one"
            raise self._trouble(f"cannot be started: {why}") from None

    def communicate(self) -> tuple[bytes, bytes]:
        """Return what it printed, which is credentials. Raises `UnusableCredentials`."""
        process = self._process
        try:
            printed, said = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            # What it has started may hold its pipes open, so they are closed rather than read to their end.
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
            raise self._trouble(
                f"has not answered for {LIMIT_SECONDS:.0f} s and was stopped: does it wait for you to log in?"
            ) from None
        if process.returncode:
            words = " ".join(redact(said.decode("utf-8", "replace")).split())
            more = f", and says: {words[:_SAID_MAX]}" if words else ""
            raise self._trouble(f"failed with exit code {process.returncode}{more}")
        self._check(printed)
        return printed, said

    def _check(self, printed: bytes) -> None:
        try:
            found = parse(printed.decode("utf-8"))
        except ValueError:
            raise self._trouble("printed no JSON") from None
        if not isinstance(found, dict):
            raise self._trouble("printed JSON that is no object")
        remember(*(found[name] for name in _SECRET if isinstance(found.get(name), str)))
        lacking = [name for name in _KEYS if not (isinstance(found.get(name), str) and found[name])]
        if lacking:
            raise self._trouble(f"printed no {' and no '.join(lacking)}")
        if not isinstance(found.get("SessionToken", ""), str | None):
            raise self._trouble("printed a SessionToken that is no text")
        if found.get("Version") != 1:
            raise self._trouble('printed no "Version": 1')
        if not _is_end(found.get("Expiration")):
            raise self._trouble(
                'printed an "Expiration" that is no time with its zone, such as 2026-01-02T03:04:05Z'
            )

    def _trouble(self, what: str) -> UnusableCredentials:
        return UnusableCredentials(f"the program {self._name!r}, which gives the AWS credentials, {what}")


def _is_end(value: Any) -> bool:
    """Tell whether credentials can end so: at no time, or at one of which botocore knows how far off it is.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html asks for ISO 8601.
    """
    if value is None:
        return True
    try:
        # Weeks are no dates to the parser by which botocore reads it.
        return datetime.fromisoformat(value).tzinfo is not None and "W" not in value
    except (TypeError, ValueError):
        return False
