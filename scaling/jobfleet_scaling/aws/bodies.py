"""The content of objects, as much of it as a scaler has memory for."""

from collections.abc import Mapping
from typing import Any

# Far above what any document is; of one that is longer, the beginning is no JSON, and counts as damaged.
OBJECT_MAX_BYTES = 4 * 1024**2


def content_of(answer: Mapping[str, Any]) -> bytes:
    """Return the content in an answer of GetObject, `OBJECT_MAX_BYTES` of it at most. Raises AWS's errors."""
    body = answer["Body"]
    content = bytes(body.read(OBJECT_MAX_BYTES))
    if len(content) == OBJECT_MAX_BYTES:
        body.close()  # what is left is not waited for
    return content
