r"""What rules want of requests, in HAProxy's words.

Patterns become regular expressions in which all but letters and digits is written as `\x2f`, so that nothing
in them can mean anything to HAProxy's own configuration.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
https://docs.haproxy.org/2.6/configuration.html#7.1
"""

from localcloud.balancers.model import Condition

_ANY, _ONE = ".*", "."


def pattern(text: str, *, many: str = _ANY, one: str = _ONE) -> str:
    """Return a regular expression for AWS's wildcards: `*` is any number of characters, `?` is one."""
    return "".join({"*": many, "?": one}.get(letter) or _literal(letter) for letter in text)


def _literal(letter: str) -> str:
    if letter.isascii() and letter.isalnum():
        return letter
    return "".join(f"\\x{byte:02x}" for byte in letter.encode())


def quoted(text: str) -> str:
    """Return a word of HAProxy's configuration that stands for `text`, whatever is in it but line ends."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def matcher(condition: Condition) -> str:
    """Return an anonymous condition that holds where one of the values fits."""
    values = condition.values
    match condition.field:
        case "path-pattern":
            # The path alone, and in the case that it is in.
            return _regular("path", [f"^{pattern(one)}$" for one in values], any_case=False)
        case "host-header":
            return _regular("req.hdr(host),field(1,:)", [f"^{pattern(one)}$" for one in values])
        case "http-header":
            header = "".join(letter for letter in condition.name if letter.isalnum() or letter in "-_")
            return _regular(f"req.fhdr({header})", [f"^{pattern(one)}$" for one in values])
        case "http-request-method":
            return f"{{ method -m str {' '.join(map(quoted, values))} }}"
        case "query-string":
            return _regular("query", list(map(_in_query, values)))
        case _:
            return f"{{ src -m ip {' '.join(map(quoted, values))} }}"


def _regular(sample: str, patterns: list[str], *, any_case: bool = True) -> str:
    return f"{{ {sample} {'-i ' if any_case else ''}-m reg {' '.join(map(quoted, patterns))} }}"


def _in_query(value: str) -> str:
    """Return an expression for `key=value`, or for `=value` with any key or none."""
    key, _, wanted = value.partition("=")
    inside = {"many": "[^&]*", "one": "[^&]"}
    named = f"{pattern(key, **inside)}=" if key else "([^&=]*=)?"
    return f"(^|&){named}{pattern(wanted, **inside)}(&|$)"
