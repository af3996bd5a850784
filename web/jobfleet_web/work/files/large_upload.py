"""Large inputs on their way into the bucket, in parts, while they come in."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from jobfleet_jobs.protocol.message import LARGE_BYTES

from jobfleet_web.model import InBucket
from jobfleet_web.problems import Problem
from jobfleet_web.work.gateway import Gateway

# S3 takes so many parts at most (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
PARTS_MAX = 10_000


class LargeUpload:
    """One input. Call `write` with each piece, then `finish`; or `abort`, and nothing is left of it.

    That goes for one that is finished, too, as long as no job knows of it.
    """

    def __init__(self, gateway: Gateway, key: str, metadata: Mapping[str, str]) -> None:
        self._gateway, self.key, self._metadata = gateway, key, dict(metadata)
        self._upload_id, self._is_whole = "", False
        self._pieces: list[bytes] = []
        self._held = self.bytes = 0
        self._parts: list[asyncio.Task[str]] = []

    @property
    def held_bytes(self) -> int:
        """How much of it is in memory at the moment."""
        return self._held + sum(LARGE_BYTES for part in self._parts if not part.done())

    async def write(self, piece: bytes) -> None:
        """Take a piece; returns when there is room for the next one. Raises `Problem`."""
        self._pieces.append(piece)
        self._held += len(piece)
        self.bytes += len(piece)
        while self._held >= LARGE_BYTES:
            await self._send_part(LARGE_BYTES)

    async def finish(self) -> InBucket:
        """Put together what came; return where it lies. Raises `Problem`, and leaves nothing behind then."""
        try:
            if self._held or not self._parts:
                await self._send_part(self._held)
            etags = await asyncio.gather(*self._parts)
            await self._gateway.put(self._complete, etags)
        except BaseException:
            await self.abort()
            raise
        return InBucket(self.key, self.bytes)

    async def abort(self) -> None:
        """Take back what was put: the sender went away, or the body was refused."""
        self._pieces, self._held = [], 0
        await asyncio.shield(self._take_back())

    async def _take_back(self) -> None:
        # A part that ends after the upload was aborted would stay.
        await asyncio.gather(*self._parts, return_exceptions=True)
        upload, self._upload_id = self._upload_id, ""
        # If AWS is away, the bucket's lifecycle takes it.
        with suppress(Problem):
            if upload:
                await self._gateway.put(self._abort, upload)
            elif self._is_whole:
                await self._gateway.put(self._delete)

    async def _send_part(self, size: int) -> None:
        if not self._upload_id:
            self._upload_id = await self._gateway.put(self._begin)
        if len(self._parts) == PARTS_MAX:
            raise Problem(
                413, "too-large", f"the input has more than {self.bytes:,} bytes", mend="send a smaller file"
            )
        data = b"".join(self._pieces)
        self._pieces = [data[size:]] if len(data) > size else []
        self._held -= size
        number = len(self._parts) + 1
        self._parts.append(asyncio.create_task(self._gateway.put(self._put_part, number, data[:size])))
        # No other comes in meanwhile: one part is all that an upload has in memory. As a task it ends even if
        # its sender goes, so that nothing is put after the upload was aborted.
        await asyncio.shield(self._parts[-1])

    @property
    def _where(self) -> dict[str, Any]:
        return {"Bucket": self._gateway.account.bucket, "Key": self.key}

    def _begin(self) -> str:
        s3 = self._gateway.account.s3
        return s3.create_multipart_upload(**self._where, Metadata=self._metadata)["UploadId"]

    def _put_part(self, number: int, data: bytes) -> str:
        return self._gateway.account.s3.upload_part(
            **self._where, UploadId=self._upload_id, PartNumber=number, Body=data
        )["ETag"]

    def _complete(self, etags: list[str]) -> None:
        parts: list[Any] = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        self._gateway.account.s3.complete_multipart_upload(
            **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": parts}
        )
        self._upload_id, self._is_whole = "", True

    def _delete(self) -> None:
        self._gateway.account.s3.delete_object(**self._where)

    def _abort(self, upload: str) -> None:
        self._gateway.account.s3.abort_multipart_upload(**self._where, UploadId=upload)
