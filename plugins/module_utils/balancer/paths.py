"""The paths under which a balancer leads to groups of web hosts: what they may be, and why not."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

# A rule compares with PATH and PATH/*, and a pattern has 128 characters at most:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
MAX_CHARACTERS = 126
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAX_PATHS = 100
MAX_GROUPS = 100
MAX_TARGETS = 1000

# The first parts of paths that a web host serves itself, as a test holds against jobfleet_web.settings.
OWN_PATHS = frozenset(
    {
        "api", "batches", "healthz", "metrics", "nginx-problems", "readyz", "scaling", "static", "whoami",
        "work",
    }
)  # fmt: skip

_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")


def paths_of(item: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return the paths of a balanced group as it is given: its own, or its name."""
    given = item.get("paths") or [f"/{name}"]
    return tuple(map(str, given)) if isinstance(given, list | tuple) else (str(given),)


def wrong_paths(item: dict[str, Any], name: str, role: str, web: str) -> list[str]:
    """Return what is wrong with `balancer` and `paths` of a group; `web` is the role that may have them."""
    balancer, found = item.get("balancer", False), []
    if not isinstance(balancer, bool):
        found.append(f"balancer '{balancer}': give true or false")
    if balancer and role != web:
        found.append(f"balancer and the role '{role}': only groups with role {web} are balanced")
    if item.get("paths") and not balancer:
        found.append("paths without a balancer: set balancer: true, or leave out the paths")
    if item.get("paths") and not isinstance(item["paths"], list):
        found.append(f"the paths '{item['paths']}': give a list such as [/{name}]")
    elif balancer:
        found += [
            f"the path '{path}': begin with a slash and end with none, with letters, digits and ._~- between "
            f"slashes, {MAX_CHARACTERS} characters at most"
            for path in paths_of(item, name)
            if not _PATH.fullmatch(path) or len(path) > MAX_CHARACTERS
        ]
        found += [
            f"the path '{path}', and web hosts serve /{own} themselves: give paths of another name"
            for path in paths_of(item, name)
            if (own := path.lstrip("/").partition("/")[0]) in OWN_PATHS
        ]
    return found


def collisions(paths: list[tuple[str, str]]) -> list[str]:
    """Return why paths of groups cannot be told from each other, and which are too many for one balancer.

    `paths` are pairs of a group's name and a path.
    """
    found = [
        f"the groups of instances '{one}' and '{other}' have the paths '{path}' and '{longer}', and one "
        "begins with the other: give each group paths of its own"
        for (one, path), (other, longer) in combinations(paths, 2)
        if f"{longer}/".startswith(f"{path}/") or f"{path}/".startswith(f"{longer}/")
    ]
    if len(paths) > MAX_PATHS:
        found.append(f"{len(paths)} paths lead to balanced groups, and a balancer has {MAX_PATHS} at most")
    return found
