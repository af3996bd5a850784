"""One thing that must be allowed, and how to read lists out of forms."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Context = dict[str, str | list[str]]
"""What conditions can look at: condition keys with the values they have in this call."""


@dataclass(frozen=True)
class Need:
    """An action on a resource; `*` where the action knows no resources."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


def request_tags(tags: Mapping[str, str]) -> Context:
    """Return the condition keys for tags that a call sets."""
    if not tags:
        return {}
    return {"aws:TagKeys": list(tags), **{f"aws:RequestTag/{name}": value for name, value in tags.items()}}


def resource_tags(tags: Mapping[str, str], service: str) -> Context:
    """Return the condition keys for tags that a resource has."""
    found: Context = {}
    for name, value in tags.items():
        found[f"aws:ResourceTag/{name}"] = value
        found[f"{service}:ResourceTag/{name}"] = value
    return found


def listed(parameters: Mapping[str, Any], name: str) -> list[str]:
    """Return the values of `name` and `name.1`, `name.2`, … in a form, in order."""
    pattern = re.compile(rf"{re.escape(name)}(\.member)?\.\d+")
    return [
        str(value)
        for parameter, value in parameters.items()
        if parameter == name or pattern.fullmatch(parameter)
    ]


def tags_in(parameters: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the tags under `name.1.Key` and `name.1.Value`, … in a form."""
    pattern = re.compile(rf"({re.escape(name)}(?:\.member)?\.\d+)\.Key")
    found = (match for parameter in parameters if (match := pattern.fullmatch(parameter)))
    return {str(parameters[one[0]]): str(parameters.get(f"{one[1]}.Value", "")) for one in found}


def on_each(action: str, resources: Iterable[str], context: Context | None = None) -> list[Need]:
    """Return the need of one action on each of the resources."""
    return [Need(action, resource, dict(context or {})) for resource in resources]
