"""What a launch template adds to the call that names it: its own id, and all that a launch takes from it.

A launch needs the same permissions whether the request or the template says what it is made of:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html
"""

import re
from collections.abc import Iterator
from typing import Any

from moto.ec2.exceptions import EC2ClientError

# Whether a launch takes a resource as its template says, and names no other itself.
OF_TEMPLATE = "ec2:IsLaunchTemplateResource"

# Specifications of tags in the template come first; the request's own keep their numbers.
_FIRST_NUMBER = 1_000


def template_named(backend: Any, asked: dict[str, Any]) -> Any | None:
    """Return the template that a call names by `LaunchTemplateName` or `…Id`; None where there is none."""
    named = {name.rpartition(".")[2]: value for name, value in asked.items()}
    number = named.get("LaunchTemplateId") or backend.launch_template_name_to_ids.get(
        named.get("LaunchTemplateName")
    )
    return backend.launch_templates.get(number)


def with_template(backend: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a launch, and those of its template's version that it does not say itself."""
    named = {
        name.partition(".")[2]: value for name, value in asked.items() if name.startswith("LaunchTemplate.")
    }
    if not named:
        return asked
    try:
        version = backend._get_template_from_args(named)
    except EC2ClientError:
        return asked  # it is refused for that
    # Groups are given by id or by name; either hides both.
    said = {_kind(name) for name in asked}
    added = {
        name: value
        for name, value in _flat(version.data)
        if _kind(name) not in said or name.startswith("TagSpecification.")
    }
    return added | asked


def _kind(parameter: str) -> str:
    """Return what a parameter is about, the same for all that hide each other."""
    kind = parameter.partition(".")[0]
    return "SecurityGroup" if kind == "SecurityGroupId" else kind


def _flat(data: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values as EC2 takes them in a form: `SecurityGroupId.1`, `Placement.Tenancy`."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    elif isinstance(data, list):
        first = _FIRST_NUMBER if name == "TagSpecifications" else 1
        for number, value in enumerate(data, first):
            yield from _flat(value, f"{re.sub('s$', '', name)}.{number}")
    else:
        yield name, str(data)
