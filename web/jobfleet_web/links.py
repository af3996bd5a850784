"""Where this application's own paths are for whoever asks: below the prefix that the request came by."""

from contextvars import ContextVar

# Stands in a sentence for the prefix of whoever will read it: it may be written once, for many readers.
HERE = "{here}"

# Of the request in hand. Each has a task of its own, and so a value of its own.
_PREFIX: ContextVar[str] = ContextVar("prefix", default="")


def come_by(prefix: str) -> None:
    """Let all links of this request lead through a prefix such as `/cluster1`; empty: through none."""
    _PREFIX.set(prefix)


def link(path: str) -> str:
    """Return where `path`, such as `/api/v1/fleet`, is for the sender of this request."""
    return _PREFIX.get() + path


def with_links(sentence: str) -> str:
    """Return a sentence as the sender of this request reads it, with the prefix in the place of `HERE`."""
    return sentence.replace(HERE, _PREFIX.get())
