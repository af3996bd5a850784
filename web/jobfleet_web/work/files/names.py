"""Names of files as headers and archives can hold them."""

from pathlib import PurePosixPath
from urllib.parse import quote

from jobfleet_jobs.portable_names import portable_name

# What browsers may show as it is. Everything else is only saved: an SVG or a page could run scripts here.
SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})


def safe_name(name: str, otherwise: str = "file") -> str:
    """Return the last part of a file's name, as any system can have it."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    safe = portable_name("".join(one if one.isprintable() else "_" for one in last).strip())
    return safe or otherwise


class UniqueNames:
    """Gives each file a name of its own, on systems too that do not tell capitals: `photo (2).jpg`."""

    def __init__(self, *taken: str) -> None:
        # The number that was given last to files of a name: thousands may be called the same.
        self._numbers = {name.lower(): 1 for name in taken}

    def take(self, name: str) -> str:
        """Return a name that was not taken yet, as near to `name` as may be."""
        path, found, number = PurePosixPath(name), name, self._numbers.get(name.lower(), 0)
        while found.lower() in self._numbers:
            number += 1
            found = f"{path.stem} ({number}){path.suffix}"
        self._numbers[name.lower()] = max(number, 1)
        self._numbers.setdefault(found.lower(), 1)
        return found


def disposition(name: str, content_type: str) -> str:
    """Return the Content-Disposition of a file (RFC 6266): pictures may be shown, the rest is saved."""
    kind = "inline" if content_type in SHOWN_TYPES else "attachment"
    name = safe_name(name)
    plain = "".join(one if one.isascii() and one not in '"\\%' else "_" for one in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return f'{kind}; filename="{plain}"{extended}'
