"""The prefixes under which a balancer sends requests here, beside the paths as they are."""

from collections.abc import Iterable, MutableMapping
from typing import Any

from jobfleet_web.door.head import SAFE_METHODS, Head
from jobfleet_web.links import come_by


class Prefixes:
    """Takes the prefix of each request for what it is: a way here, and no part of what is asked for."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = tuple(prefixes)

    def enter(self, scope: MutableMapping[str, Any]) -> None:
        """Move a prefix from the path to `root_path`, as ASGI has it, and have all links lead through it.

        The bare prefix is the page, for a browser that asks for HTML. A program that reads it hears who
        answers: load generators call just that, and compare instances by it.
        """
        path: str = scope["path"]
        prefix = next((one for one in self._prefixes if path == one or path.startswith(f"{one}/")), "")
        come_by(prefix)
        if not prefix:
            return
        # In ASGI `path` holds the prefix, too: https://asgi.readthedocs.io/en/latest/specs/www.html
        scope["root_path"] = prefix
        if path == prefix:
            is_program = scope["method"] in SAFE_METHODS and not Head.of(scope).wants_html
            scope["path"] = f"{prefix}/whoami" if is_program else f"{prefix}/"
