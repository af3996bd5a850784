"""The builder of requests, which puts into the bucket what is too large to stand in them."""

import functools
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from jobfleet_jobs.protocol.message import (
    INLINE_MAX_BYTES,
    LARGE_BYTES,
    TELL_STARTED,
    Inline,
    Request,
    Stored,
    inline_json,
)
from jobfleet_jobs.protocol.names import upload_key

from jobfleet.aws import stack_description
from jobfleet.aws.account import Account
from jobfleet.aws.stack_description import Published
from jobfleet.aws.transfers import OnProgress, Transfers
from jobfleet.files.inputs import opened, size_of
from jobfleet.sending.prepare import Prepared


class Outgoing:
    """Makes the requests of one client process."""

    def __init__(self, account: Account, transfers: Transfers) -> None:
        self._account, self._transfers = account, transfers

    def request(
        self,
        prepared: Prepared,
        stored: Stored | None,
        on_progress: OnProgress,
        *,
        tell_started: bool = False,
    ) -> Request:
        """Return what is to be sent; upload its input unless it is `stored` or small."""
        return Request(
            id=prepared.id, operation=prepared.operation, input=stored or self._input(prepared, on_progress),
            submitted_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            parameters=prepared.parameters, output=prepared.output,
            tell=(TELL_STARTED,) if tell_started else (),
        )  # fmt: skip

    def _input(self, prepared: Prepared, on_progress: OnProgress) -> Inline | Stored:
        source = prepared.source
        if isinstance(source, str):
            if _fits_in_line(source):
                return Inline(source)
            return self._upload(prepared, io.BytesIO(source.encode()), on_progress)
        if isinstance(source, Path):
            with opened(source) as file:
                return self._upload(prepared, file, on_progress)
        return self._upload(prepared, source, on_progress)

    @functools.cached_property
    def _published(self) -> Published:
        return stack_description.read_description(self._account, self._account.bucket) or Published()

    def _upload(self, prepared: Prepared, file: BinaryIO, on_progress: OnProgress) -> Stored:
        size = size_of(file)
        if size is not None and size >= LARGE_BYTES:
            self._published.check_size(size, prepared.upload_name, prepared.operation)
        stored = Stored(self._account.bucket, upload_key(prepared.id, prepared.upload_name))
        self._transfers.upload(file, stored.bucket, stored.key, on_progress)
        return stored


def _fits_in_line(text: str) -> bool:
    if len(text) > INLINE_MAX_BYTES:
        return False
    return len(inline_json(text).encode()) <= INLINE_MAX_BYTES
