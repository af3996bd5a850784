"""The parts of the page that are the same for everybody: style sheet, modules, icon."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# A browser asks each time whether it still has the newest, so that after an update no two versions meet.
_CACHING = "no-cache"


@dataclass(frozen=True)
class StaticFile:
    """One file as it is sent."""

    data: bytes
    headers: Mapping[str, str]

    @property
    def tag(self) -> str:
        """Its ETag."""
        return self.headers["ETag"]


def read_static_files(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """Return all files by name. What is not among them cannot be asked for, whatever the path says."""
    return {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}


def _read(path: Path) -> StaticFile:
    data = path.read_bytes()
    headers = {
        "ETag": f'"{hashlib.sha256(data).hexdigest()[:20]}"',
        "Cache-Control": _CACHING,
        "Content-Type": _TYPES[path.suffix],
    }
    return StaticFile(data, headers)
