"""What an image holds, as one hash: the same hash, the same image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

HASH_DIGITS = 12

# Of a role, what does something on a host; its README and the specification of its arguments do not.
WORKING_PARTS = frozenset({"defaults", "files", "handlers", "tasks", "templates", "vars"})


def content_hash(content: Any, sources: Iterable[Path], root: Path, read: Callable[[str], bytes]) -> str:
    """Return a hash of `content`, and of the names and bytes of all files of `sources` below `root`.

    `content` is data as JSON has it. A dictionary in it that has a `src` is a file; its bytes, which
    `read` returns, count, and not its place on this machine. A wheel is known by its name, which says what
    it was built of: its bytes differ with the tool that built it. Raises `OSError`.
    """
    digest = hashlib.sha256(json.dumps(_without_places(content, read), sort_keys=True).encode())
    for path in sorted(_files(sources)):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def image_hash(content: str, base: str) -> str:
    """Return the hash of an image that holds `content` (a hash too) and stands on the image `base`."""
    return hashlib.sha256(f"{content} {base}".encode()).hexdigest()[:HASH_DIGITS]


def _without_places(value: Any, read: Callable[[str], bytes]) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_places(one, read) for key, one in value.items() if key != "src"}
        source = str(value.get("src", ""))
        if source and not source.endswith(".whl"):
            kept["sha256"] = hashlib.sha256(read(source)).hexdigest()
        return kept
    if isinstance(value, list):
        return [_without_places(one, read) for one in value]
    return value


def _files(sources: Iterable[Path]) -> Iterable[Path]:
    for source in sources:
        if source.is_file():
            yield source
            continue
        for path in source.rglob("*"):
            working = path.relative_to(source).parts[0] in WORKING_PARTS or source.name in WORKING_PARTS
            if path.is_file() and working and path.name[0] != "." and "__pycache__" not in path.parts:
                yield path
