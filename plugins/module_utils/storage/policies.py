"""Policies, compared by what they mean: AWS may give one back in another form than it was given."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies


def same_policy(found: dict[str, Any] | None, wanted: dict[str, Any] | None) -> bool:
    """Tell whether two policies say the same; None is no policy."""
    if not found or not wanted:
        return not found and not wanted
    return not compare_policies(found, wanted)
