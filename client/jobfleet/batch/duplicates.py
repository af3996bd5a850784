"""Images of the same content, told by their hashes: they are uploaded once."""

import hashlib
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence

from jobfleet_jobs.protocol.message import Request

from jobfleet.batch.plan import BatchItem
from jobfleet.files.inputs import opened
from jobfleet.files.paths import is_stream

_CHUNK_BYTES = 1024 * 1024


class Duplicates:
    """Tells images of the same content by their hashes, looking only at those of the same size."""

    def __init__(self) -> None:
        self._sizes: Counter[int] = Counter()
        self._firsts: dict[tuple[str, str], BatchItem] = {}
        self._lock = threading.Lock()
        self._requests: dict[BatchItem, Request] = {}
        self._waiting: defaultdict[BatchItem, list[BatchItem]] = defaultdict(list)
        self._lost: set[BatchItem] = set()

    def expect(self, items: Sequence[BatchItem]) -> None:
        """Learn which sizes there are more than once."""
        self._sizes.update(item.size for item in items)

    def first_like(self, item: BatchItem) -> BatchItem:
        """Return the first image of the same content and ending; called by several threads."""
        # What can be read only once is left for the upload.
        if self._sizes[item.size] < 2 or is_stream(item.source):
            return item
        digest = hashlib.sha256()
        with opened(item.source) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        # The ending says which format is written.
        key = digest.hexdigest(), (item.out or item.source).suffix.lower()
        with self._lock:
            return self._firsts.setdefault(key, item)

    def uploaded(self, first: BatchItem, request: Request) -> list[BatchItem]:
        """Note the request of a first one; return those that waited for it."""
        self._requests[first] = request
        return self._waiting.pop(first, [])

    def lost(self, first: BatchItem) -> list[BatchItem]:
        """Return those that waited for a first one which could not be uploaded; one of them is next."""
        if first in self._requests:
            return []
        self._lost.add(first)
        with self._lock:
            self._firsts = {key: item for key, item in self._firsts.items() if item is not first}
        return self._waiting.pop(first, [])

    def is_lost(self, first: BatchItem) -> bool:
        """Tell whether a first one could not be uploaded; whoever is like it must look for another."""
        return first in self._lost

    def request_like(self, first: BatchItem, twin: BatchItem) -> Request | None:
        """Return the request of a first one, or None: then the twin comes back with `uploaded` or `lost`."""
        if first not in self._requests:
            self._waiting[first].append(twin)
        return self._requests.get(first)
