"""What a person's own AWS configuration says, and must not reach a deployment.

Region, output and the like are given with each call. What leads elsewhere, to other endpoints, the workers do
not know: they are told AWS_ENDPOINT_URL alone.
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

_OURS = ("ec2", "s3", "sqs", "sts", "iam", "service_quotas")


def strange_endpoints(session: Session, environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each setting that leads AWS's services elsewhere, the workers not included."""
    if environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return []
    found = [
        f"{name} in the environment leads elsewhere, where no worker goes: `unset {name}`."
        for name in sorted(f"AWS_ENDPOINT_URL_{service.upper()}" for service in _OURS)
        if environment.get(name)
    ]
    if not environment.get("AWS_ENDPOINT_URL"):
        try:
            profile = session.get_scoped_config()
            services = session.full_config.get("services", {}).get(profile.get("services"), {})
        except BotoCoreError:
            return found  # the check of the credentials says why
        settings = ["endpoint_url"] if profile.get("endpoint_url") else []
        settings += [
            f"{name}.endpoint_url" for name in _OURS if (services.get(name) or {}).get("endpoint_url")
        ]
        if settings:
            found.append(
                f"{' and '.join(settings)} in ~/.aws/config (profile {session.profile or 'default'}) leads "
                "elsewhere, where no worker goes: take it out, use another profile (AWS_PROFILE), or `export "
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true`."
            )
    return found
