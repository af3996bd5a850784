"""The evaluation of policy documents, as IAM does it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: what is denied
anywhere is denied, what is allowed nowhere is too. Only identity-based policies count here. moto has an
evaluation of its own, which looks at no conditions and for most services at no resources.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from localcloud.iam import conditions
from localcloud.iam.keyring import Policy
from localcloud.iam.need import Context, Need


class Decision(Enum):
    """What policies come to."""

    ALLOWED = auto()
    DENIED = auto()
    """By a statement that says so."""
    NOT_ALLOWED = auto()
    """By the lack of one that allows it."""


def decide(policies: Iterable[Policy], need: Need, context: Context) -> Decision:
    """Return what the documents say of `need`; `context` holds the condition keys beside its own."""
    decision = Decision.NOT_ALLOWED
    seen = {name.lower(): value for name, value in {**context, **need.context}.items()}
    for policy in policies:
        for statement in policy["Statement"]:
            if _applies(statement, need, seen):
                if statement["Effect"] == "Deny":
                    return Decision.DENIED
                decision = Decision.ALLOWED
    return decision


def _applies(statement: dict[str, Any], need: Need, context: Context) -> bool:
    return (
        _names(statement, "Action", need.action.lower(), context, lower=True)
        and _names(statement, "Resource", need.resource, context)
        and conditions.hold(statement.get("Condition", {}), context)
    )


def _names(
    statement: dict[str, Any], element: str, value: str, context: Context, *, lower: bool = False
) -> bool:
    wanted = element in statement
    patterns = statement[element if wanted else f"Not{element}"]
    patterns = [patterns] if isinstance(patterns, str) else patterns
    found = any(
        matches(conditions.fill_in(one.lower() if lower else one, context), value) for one in patterns
    )
    return found is wanted


def matches(pattern: str, value: str) -> bool:
    """Tell whether `value` fits a pattern with `*` and `?`."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
