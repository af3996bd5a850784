"""A module's options, read from its own documentation, so that they are written down once."""

from __future__ import annotations

from functools import cache
from typing import Any

from ansible.parsing.plugin_docs import read_docstring

# What documentation and Ansible's check of arguments know by the same name.
CHECKED = ("type", "elements", "required", "default", "choices", "aliases")


@cache
def documented_options(path: str) -> dict[str, Any]:
    """Return the options that the module at `path` documents, as Ansible checks arguments."""
    return _spec_of(read_docstring(path, ignore_errors=False)["doc"]["options"])


def _spec_of(options: dict[str, Any]) -> dict[str, Any]:
    spec = {name: {key: told[key] for key in CHECKED if key in told} for name, told in options.items()}
    for name, told in options.items():
        if "suboptions" in told:
            spec[name]["options"] = _spec_of(told["suboptions"])
    return spec
