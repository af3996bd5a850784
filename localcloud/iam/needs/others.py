"""The needs of calls to services without a page of their own."""

from typing import Any

from localcloud.iam.need import Need, listed, on_each, request_tags, tags_in
from localcloud.wire.call import Call

# The service in an action, where it is not the one a request is signed for.
_PREFIXES = {"tagging": "tag", "email": "ses"}

# Where the ARN can be made of a parameter: service, parameter, the ARN's end.
_NAMED = (
    ("ssm", "Name", "parameter/{}"),
    ("ssm", "Names", "parameter/{}"),
    ("ssm", "Path", "parameter/{}"),
    ("logs", "logGroupName", "log-group:{}"),
    ("sns", "Name", "{}"),
)


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    service = _PREFIXES.get(call.service, call.service)
    action = f"{service}:{call.operation or call.method}"
    context = request_tags(tags_in(call.parameters, "Tags"))
    return on_each(action, _arns(call, account) or ["*"], context)


def _arns(call: Call, account: str) -> list[str]:
    found = []
    for service, parameter, end in _NAMED:
        if service == call.service:
            names = _values(call.parameters, parameter)
            place = f"arn:aws:{_PREFIXES.get(service, service)}:{call.region}:{account}:"
            found += [place + end.format(name.lstrip("/")) for name in names]
    return found or [value for value in _leaves(call.parameters) if value.startswith("arn:aws:")]


def _values(parameters: dict[str, Any], name: str) -> list[str]:
    value = parameters.get(name)
    if isinstance(value, list):
        return [str(one) for one in value]
    return listed(parameters, name)


def _leaves(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        content = content.values()
    elif not isinstance(content, list):
        return []
    return [leaf for one in content for leaf in _leaves(one)]
