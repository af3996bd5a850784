"""What a person's own AWS configuration says, and must not reach a deployment.

Region, output and the like are given with each call. What leads elsewhere, to other endpoints, the workers do
not know: they are told AWS_ENDPOINT_URL alone. That matters for queues and bucket, where both have to meet.
The others answer the same by any way, such as an endpoint in a private network of the same AWS.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

# Of a profile's settings for S3 and endpoints; a bucket just made is not ready for some of them.
USUAL = Config(
    s3={"addressing_style": "auto", "use_accelerate_endpoint": False, "use_dualstack_endpoint": False},
    use_dualstack_endpoint=False,
)

_OF_ALL = "endpoint_url"
_MEETING = ("s3", "sqs")
_OTHERS = ("ec2", "iam", "service_quotas", "sts")


def strange_endpoints(session: Session, environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each setting that leads elsewhere than the workers' bucket and queues."""
    variables, settings = _endpoints(session, environment, _MEETING)
    found = [
        f"{name} in the environment leads elsewhere, where no worker goes: `unset {name}`."
        for name in variables
    ]
    if settings:
        found.append(
            f"{' and '.join(settings)} in ~/.aws/config (profile {session.profile or 'default'}) leads "
            "elsewhere, where no worker goes: take it out, use another profile (AWS_PROFILE), or `export "
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`."
        )
    return found


def own_endpoints(session: Session, environment: Mapping[str, str]) -> list[str]:
    """Return a sentence on settings that lead this machine to the other services by a way of its own."""
    variables, settings = _endpoints(session, environment, _OTHERS)
    names = [*variables, *(f"{name} in ~/.aws/config" for name in settings if name != _OF_ALL)]
    return [f"Only this machine reaches AWS as set by {' and '.join(names)}."] if names else []


def _endpoints(
    session: Session, environment: Mapping[str, str], services: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Return the variables, and the settings of the profile, that give these services an endpoint."""
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return [], []
    named = (f"AWS_ENDPOINT_URL_{service.upper()}" for service in services)
    variables = [name for name in named if environment.get(name)]
    if environment.get("AWS_ENDPOINT_URL"):
        return variables, []
    try:
        profile = session.get_scoped_config()
        configured = session.full_config.get("services", {}).get(profile.get("services"), {})
    except BotoCoreError:
        return variables, []  # the check of the credentials says why
    settings = [_OF_ALL] if profile.get(_OF_ALL) else []
    settings += [f"{name}.{_OF_ALL}" for name in services if (configured.get(name) or {}).get(_OF_ALL)]
    return variables, settings
