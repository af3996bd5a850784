"""Where the bodies of one request are kept until they are sent: in memory, or in the bucket."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from jobfleet_jobs.protocol.ids import new_job_id

from jobfleet_web.model import InBucket, InMemory
from jobfleet_web.uploads.budget import Share
from jobfleet_web.uploads.limits import KEPT_BYTES, PART_BYTES


class LargeBody(Protocol):
    """A body on its way into the bucket, in parts."""

    async def write(self, part: bytes) -> None:
        """Store one part; all but the last have `PART_BYTES`."""

    async def finish(self) -> InBucket:
        """Make one object of the parts."""

    async def abort(self) -> None:
        """Remove what was stored, finished or not."""


class Store(Protocol):
    """What takes large bodies."""

    def begin_large(self, job_id: str, name: str) -> LargeBody:
        """Begin one."""


class KeptBodies:
    """Keeps bodies within its share of the memory; what does not fit goes to the bucket as it comes in."""

    def __init__(self, store: Store, share: Share) -> None:
        self._store, self._share = store, share
        self._kept, self._kept_max = 0, KEPT_BYTES
        self._large: list[LargeBody] = []
        # From then on what is in the bucket is somebody else's.
        self.is_handed_over = False
        # Called before anything is stored. Raises `Problem` where nothing will come of it.
        self.check_early: Callable[[], Awaitable[None]] | None = None

    def begin(self, name: str) -> "Body":
        """Begin a body."""
        return Body(self, name)

    async def large(self, body: "Body") -> LargeBody:
        """Begin to store a body in the bucket, and give back the memory that is not needed any more."""
        if self.check_early and not self._large:
            await self.check_early()
        large = self._store.begin_large(body.job_id, body.name)
        self._large.append(large)
        self._kept_max = self._kept
        self._share.shrink(self._kept + PART_BYTES)
        return large

    def fits(self, size: int) -> bool:
        """Tell whether a whole body of that size can stay in memory; if so, it does."""
        if self._kept + size > self._kept_max:
            return False
        self._kept += size
        return True

    async def abort(self) -> None:
        """Remove what was stored of a request that nothing comes of."""
        for large in self._large:
            await large.abort()


class Body:
    """One body, from its first byte to its last."""

    def __init__(self, bodies: KeptBodies, name: str) -> None:
        self._bodies, self.name = bodies, name
        self.job_id = new_job_id()
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._large: LargeBody | None = None
        self._whole: InMemory | InBucket | None = None
        self.size = 0

    @property
    def sha256(self) -> str:
        """The digest of what came so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Take the next piece."""
        self.size += len(chunk)
        self._digest.update(chunk)
        self._pending += chunk
        # Not before there is more than fits: a body of just that size still stays in memory.
        while len(self._pending) > PART_BYTES:
            part = bytes(memoryview(self._pending)[:PART_BYTES])
            del self._pending[:PART_BYTES]
            await self._store(part)

    async def end(self) -> None:
        """Tell that this was all."""
        if self._large is None and self._bodies.fits(self.size):
            self._whole = InMemory(bytes(self._pending))
        else:
            await self._store(bytes(self._pending))
        self._pending = bytearray()

    async def finish(self) -> None:
        """Make one object of the parts, if it went to the bucket."""
        if self._large is not None:
            self._whole = await self._large.finish()

    @property
    def whole(self) -> InMemory | InBucket:
        """Where all of it is, once it is finished."""
        if self._whole is None:
            raise RuntimeError("the body is not finished")
        return self._whole

    async def _store(self, part: bytes) -> None:
        if self._large is None:
            self._large = await self._bodies.large(self)
        await self._large.write(part)
