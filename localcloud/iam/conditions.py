"""The conditions of policy statements.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import ipaddress
import operator
import re
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache
from typing import Any

from localcloud.iam.need import Context

_Test = Callable[[str, str], bool]

_VARIABLE = re.compile(r"\$\{([^},]+)(?:, *'([^']*)')?\}")


def _like(value: str, pattern: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    # A bracket is no wildcard in IAM.
    return re.compile(translate(text.replace("[", "[[]")))


def _in_network(value: str, network: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


def _numeric(compare: Callable[[float, float], bool]) -> _Test:
    return lambda value, wanted: compare(float(value), float(wanted))


# Value in the request, value in the policy.
_TESTS: dict[str, _Test] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _in_network,
    "NumericEquals": _numeric(operator.eq),
    "NumericLessThan": _numeric(operator.lt),
    "NumericLessThanEquals": _numeric(operator.le),
    "NumericGreaterThan": _numeric(operator.gt),
    "NumericGreaterThanEquals": _numeric(operator.ge),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
}
_OPERATORS = {"Null", *_TESTS, *_NEGATED}


def unknown_operators(condition: dict[str, Any]) -> set[str]:
    """Return the operators that cannot be judged here, of dates and binaries."""
    return {name for name in condition if _parts(name)[1] not in _OPERATORS}


def hold(condition: dict[str, Any], context: Context) -> bool:
    """Tell whether all of a statement's conditions hold; `context` has its keys in lower case."""
    return all(
        _holds(name, key, _texts(wanted), context)
        for name, keys in condition.items()
        for key, wanted in keys.items()
    )


def _holds(name: str, key: str, wanted: list[str], context: Context) -> bool:
    quantifier, word, if_exists = _parts(name)
    present = context.get(key.lower())
    if word == "Null":
        return (present is None) == (wanted[0].lower() == "true")
    if present is None:
        return if_exists or word in _NEGATED or quantifier == "ForAllValues"
    wanted = [fill_in(one, context) for one in wanted]
    values = _texts(present)

    def fits(value: str) -> bool:
        return any(_TESTS[_NEGATED.get(word, word)](value, one) for one in wanted) != (word in _NEGATED)

    return all(map(fits, values)) if quantifier == "ForAllValues" else any(map(fits, values))


def _parts(name: str) -> tuple[str, str, bool]:
    """Return the quantifier, the operator and whether it holds where the key is missing."""
    quantifier, _, word = name.rpartition(":")
    return quantifier, word.removesuffix("IfExists"), word.endswith("IfExists")


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


def fill_in(pattern: str, context: Context) -> str:
    """Put the values of the request in the place of policy variables such as `${aws:PrincipalAccount}`."""
    if "${" not in pattern:
        return pattern

    def value(match: re.Match[str]) -> str:
        found = context.get(match[1].strip().lower(), match[2])
        # Without a value the text stays as it is, and fits nothing.
        return found if isinstance(found, str) else match[0]

    return _VARIABLE.sub(value, pattern)
