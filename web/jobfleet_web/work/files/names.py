"""Names of files as headers and archives can hold them."""

from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import quote

# What browsers may show as it is. Everything else is only saved: an SVG or a page could run scripts here.
SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


def safe_name(name: str, otherwise: str = "file") -> str:
    """Return the last part of a file's name, as any system can have it."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    safe = "".join("_" if not one.isprintable() or one in '<>:"|?*' else one for one in last).strip()
    return safe if safe.strip(".") else otherwise


def unique_name(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken yet, on systems too that do not tell capitals: `photo (2).jpg`."""
    path, number, found = PurePosixPath(name), 1, name
    while found.lower() in taken:
        number += 1
        found = f"{path.stem} ({number}){path.suffix}"
    return found


def disposition(name: str, content_type: str) -> str:
    """Return the Content-Disposition of a file (RFC 6266): pictures may be shown, the rest is saved."""
    kind = "inline" if content_type in SHOWN_TYPES else "attachment"
    name = safe_name(name)
    plain = "".join(one if one.isascii() and one not in '"\\%' else "_" for one in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return f'{kind}; filename="{plain}"{extended}'
