"""Names of files as they were sent: any bytes, made fit to be shown."""

import re
from urllib.parse import unquote_to_bytes

NAME_MAX_BYTES = 255

# A name beyond ASCII as RFC 5987 writes it, which older clients do in multipart, too.
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE)


def text_of(latin: str) -> str:
    """Return the text that was meant by bytes which were read as Latin-1, one character each."""
    return latin.encode("latin-1", "replace").decode("utf-8", "replace")


def extended_name(disposition: str) -> str | None:
    """Return the name in `filename*`, or None if there is none."""
    found = _EXTENDED.search(disposition)
    return unquote_to_bytes(found[1]).decode("utf-8", "replace") if found else None


def clean_name(name: str) -> str:
    """Return a name as it is kept and shown: no control characters, 255 bytes of UTF-8 at most."""
    plain = "".join(letter if letter.isprintable() else "_" for letter in name).strip()
    cut = plain.encode("utf-8", "replace")[:NAME_MAX_BYTES].decode("utf-8", "ignore")
    return cut or "unnamed"


def stem(name: str) -> str:
    """Return a file's name without its ending."""
    before, dot, _ = name.rpartition(".")
    return before if dot and before else name
