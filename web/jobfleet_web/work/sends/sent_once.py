"""Uploads that come twice and are done once: by their Idempotency-Key, or while the first is under way."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from jobfleet.aws.bucket import read_object
from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.ids import is_job_id
from jobfleet_jobs.protocol.names import sent_once_key

from jobfleet_web.model import Upload
from jobfleet_web.problems import Problem
from jobfleet_web.work.gateway import Gateway

KEY_MAX_CHARACTERS = 255

# What S3 answers to a put that shall only make what is not there: it is there, or somebody else makes it at
# this moment (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html).
_THERE = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


@dataclass(frozen=True)
class Record:
    """What was sent: the ids of its jobs in the order of the uploads, and their batch."""

    jobs: Sequence[str]
    batch: str | None
    fingerprint: str

    def to_json(self) -> str:
        """Return what is stored."""
        return json.dumps({"jobs": list(self.jobs), "batch": self.batch, "fingerprint": self.fingerprint})

    @classmethod
    def from_json(cls, text: bytes) -> "Record | None":
        """Read what was stored, whoever wrote it; None for what is none."""
        try:
            found: Any = parse(text)
            jobs, batch, fingerprint = found["jobs"], found["batch"], found["fingerprint"]
        except (ValueError, TypeError, KeyError):
            return None
        whole = isinstance(jobs, list) and all(isinstance(one, str) and is_job_id(one) for one in jobs)
        return cls(jobs, batch if isinstance(batch, str) else None, str(fingerprint)) if whole else None


def fingerprint_of(uploads: Sequence[Upload], batch: str | None) -> str:
    """Return what tells two payloads apart: names, bytes, operations, parameters, and the batch if given."""
    payload = [[one.name, one.sha256, one.operation.name, dict(one.parameters)] for one in uploads]
    text = json.dumps([payload, batch], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class SentOnce:
    """The records in the bucket of what was sent under a key: true for all hosts, and after a restart."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def claim(self, key: str, wanted: Record) -> tuple[Record, bool]:
        """Return what is to be done under a key, and whether it was there before.

        Raises `Problem` for a key that another payload was sent under, and for one that cannot be a key.
        """
        if not 0 < len(key) <= KEY_MAX_CHARACTERS or not key.isprintable():
            raise Problem(
                400, "bad-idempotency-key", f"Idempotency-Key has {len(key):,} characters, or strange ones",
                mend=f"give 1 to {KEY_MAX_CHARACTERS} printable characters, such as a UUID",
            )  # fmt: skip
        if await self._gateway.put(self._make, key, wanted):
            return wanted, False
        found = await self._gateway.read(self._read, key)
        if found is None:
            raise Problem(
                503, "try-again", f"Idempotency-Key {shown(key)} is being sent at this moment",
                mend="send it again in a second",
            ).with_headers(Retry_After="1")  # fmt: skip
        if len(found.jobs) != len(wanted.jobs) or found.fingerprint != wanted.fingerprint:
            raise Problem(
                422, "idempotency-key-reused", f"Idempotency-Key {shown(key)} was sent with another payload",
                mend="send each new payload under a new key, and only a retry under the same one",
            )  # fmt: skip
        return found, True

    def _make(self, key: str, record: Record) -> bool:
        account = self._gateway.account
        try:
            account.s3.put_object(
                Bucket=account.bucket, Key=sent_once_key(key), Body=record.to_json().encode(),
                ContentType="application/json", IfNoneMatch="*",
            )  # fmt: skip
        except ClientError as problem:
            if error_code(problem) in _THERE:
                return False
            raise
        return True

    def _read(self, key: str) -> Record | None:
        data = read_object(self._gateway.account, self._gateway.account.bucket, sent_once_key(key))
        return None if data is None else Record.from_json(data)
