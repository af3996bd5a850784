"""What AWS and the roles allow of single variables, beyond the types that roles' argument_specs hold.

A rule is a word on what is allowed and a test of a value whose type is right. A variable that is not here is
held to by its type alone, or by the worker's own settings.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """What a variable may be: `holds` tells, and `give` says it in words."""

    holds: Callable[[Any], bool]
    give: str


def _from_to(least: int, most: int) -> Rule:
    return Rule(lambda value: least <= value <= most, f"give {least:,} to {most:,}")


def _name(pattern: str, words: str) -> Rule:
    matches = re.compile(pattern).fullmatch
    return Rule(lambda value: bool(matches(value)), f"give {words}")


# https://www.rfc-editor.org/rfc/rfc1123#section-2.1
_LONGEST_HOST = 253
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def is_range(value: str) -> bool:
    """Tell whether `value` is an address range."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return "/" in value


def is_source(value: str) -> bool:
    """Tell whether `value` is an address range that SSH may be opened to: not the whole internet."""
    return is_range(value) and ipaddress.ip_network(value, strict=False).prefixlen > 0


def is_unspecified(value: str) -> bool:
    """Tell whether `value` is no address of one host: none at all, or one that stands for all."""
    try:
        return ipaddress.ip_address(value).is_unspecified
    except ValueError:
        return True


def is_host(value: str) -> bool:
    """Tell whether `value` is an address or a name of a host: no port, no path, no https:// before it."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return len(value) <= _LONGEST_HOST and bool(_HOST.fullmatch(value))
    return True


def is_private(value: str) -> bool:
    """Tell whether SSH comes from inside of a network, so that no public address is needed."""
    return is_source(value) and not ipaddress.ip_network(value, strict=False).is_global


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_QUEUE = _name(r"[A-Za-z0-9_-]{1,80}", "1 to 80 letters, digits, dashes and underscores")
# Dots are left out: no certificate for S3's addresses covers them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = _name(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "3 to 63 small letters, digits and dashes",
)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html
_KEY_PAIR = _name(r"[!-~]([ -~]{0,253}[!-~])?", "1 to 255 printable ASCII characters")
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_GROUP = _name(
    r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
    "1 to 255 letters, digits, blanks and ._-:/()#,@[]+=&;{}!$*, and not sg- first",
)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
_TAG = _name(r"[\w .:/=+\-@]{1,256}", "1 to 256 letters, digits, blanks and _.:/=+-@")
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html
_DAYS = _from_to(1, 2**31 - 1)
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_RETENTION = _from_to(60, 1_209_600)
_WAIT = _from_to(0, 86_400)
# nginx takes no longer times than these in its own notation.
_NGINX_SECONDS = _from_to(1, 86_400)

# Far above what anybody pays for.
_MOST_HOSTS = 10_000


def are_scaling_limits(value: dict[str, Any]) -> bool:
    """Tell whether a dictionary says between how many hosts a fleet scales. An empty one: it does not."""
    if not value:
        return True
    if not {"min", "max"} <= value.keys() <= {"min", "max", "clear", "window", "boot"}:
        return False
    least, most = value["min"], value["max"]
    if not (_is_whole(least) and _is_whole(most) and 0 <= least <= most and 1 <= most <= _MOST_HOSTS):
        return False
    return all(_is_seconds(value[name]) for name in value.keys() - {"min", "max"})


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86_400


RULES: dict[str, Rule] = {
    "bucket_name": _BUCKET,
    "queues_events_bucket": _BUCKET,
    "instances_bucket": _BUCKET,
    "queues_requests_name": _QUEUE,
    "queues_responses_name": _QUEUE,
    "queues_dead_letter_name": _QUEUE,
    "bucket_events_queue": _name(
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}", "a queue's ARN"
    ),
    "keypair_name": _KEY_PAIR,
    "firewall_name": _GROUP,
    "firewall_web_name": _GROUP,
    "firewall_balancer_name": _GROUP,
    "firewall_balanced_name": _GROUP,
    # https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
    "balancer_certificate": _name(
        r"(arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+)?",
        "the ARN of a certificate of AWS Certificate Manager, or leave it empty",
    ),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
    "balancer_idle_timeout": _from_to(1, 4_000),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
    "balancer_drain_seconds": _from_to(0, 3_600),
    "balancer_wait_timeout": _from_to(1, 86_400),
    "instances_name": _TAG,
    "instances_web_name": _TAG,
    "bucket_uploads_days": _DAYS,
    "bucket_processed_days": _DAYS,
    # Longer than the client sends dropped files again (`drop_folder.AGAIN_WITHIN`): only a result tells that
    # one is done already.
    "bucket_results_days": _from_to(8, 2**31 - 1),
    "bucket_logs_days": _DAYS,
    "bucket_workers_days": _DAYS,
    "bucket_unfinished_uploads_days": _DAYS,
    # As for retention.
    "queues_visibility_timeout": _from_to(0, 43_200),
    "queues_wait_time": _from_to(0, 20),
    "queues_max_receives": _from_to(1, 1_000),
    "queues_requests_retention": _RETENTION,
    "queues_responses_retention": _RETENTION,
    "queues_dead_letter_retention": _RETENTION,
    "firewall_ssh_from": Rule(
        lambda value: not value or is_source(value),
        "give an address range such as 203.0.113.7/32 (not /0: SSH is not opened to the world), or leave it "
        "empty",
    ),
    "firewall_web_from": Rule(
        lambda value: not value or is_range(value),
        "give an address range such as 203.0.113.0/24 (0.0.0.0/0 is everybody), or leave it empty",
    ),
    "instances_ssh_from": Rule(lambda value: not value or is_source(value), "as ssh_from"),
    "firewall_address_service": _name(r"https?://[^\s/]+(/\S*)?", "an address that begins with https://"),
    "firewall_egress_ports": Rule(
        lambda value: bool(value) and all(0 < port < 65_536 for port in value), "give ports from 1 to 65535"
    ),
    # The image's own disk has 8 GiB; gp3: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
    "instances_volume_size": _from_to(8, 65_536),
    "instances_wait_timeout": _from_to(1, 86_400),
    "instances_scaling_max": _from_to(0, _MOST_HOSTS),
    "scaling_limits": Rule(
        are_scaling_limits,
        "give whole numbers such as {min: 0, max: 6} with 0 <= min <= max and max from 1 to 10,000, and "
        "seconds above 0 for clear, window and boot, if at all; or {}, and the fleet does not scale",
    ),
    "instances_image_id": _name(r"(ami-[0-9a-f]{8,17})?", "an image's id, or leave it empty"),
    "image_builder_name": _TAG,
    "image_builder_type": _name(r"[a-z0-9-]+\.[a-z0-9-]+", "a type such as t3.micro"),
    "image_ssh_from": Rule(lambda value: not value or is_source(value), "as ssh_from"),
    "image_volume_size": _from_to(8, 65_536),
    "image_wait_timeout": _from_to(1, 86_400),
    "status_volume_size": _from_to(8, 65_536),
    "scaling_name": _TAG,
    "scaling_bucket": _BUCKET,
    "scaling_queue": _QUEUE,
    "scaling_ssh_from": Rule(lambda value: not value or is_source(value), "as ssh_from"),
    "scaling_volume_size": _from_to(8, 65_536),
    "scaling_refusal_patience": _from_to(0, 3_600),
    "scaling_wait_timeout": _from_to(1, 86_400),
    "host_wait_timeout": _WAIT,
    "host_packages_valid_time": _from_to(0, 2**31 - 1),
    "host_packages_lock_timeout": _WAIT,
    "web_listen_address": Rule(
        lambda value: not is_unspecified(value), "give the host's own address, not one that means all of them"
    ),
    "web_host_names": Rule(
        lambda value: all(map(is_host, value)),
        "give names of hosts such as page.example.org, without https:// or a port",
    ),
    "web_balancer_idle_timeout": _from_to(1, 4_000),
    "web_balancer_ranges": Rule(
        lambda value: bool(value) and all(map(is_range, value)), "give address ranges such as 10.0.0.0/8"
    ),
    # Some take no certificate that is good for longer: https://support.apple.com/en-us/103769
    "web_tls_days": _from_to(90, 825),
    "web_tls_renew_days": _from_to(1, 60),
    # Below that, it could not start.
    "web_memory_limit": _from_to(128 * 1024**2, 2**40),
    "web_connections_max": _from_to(64, 1_000_000),
    "web_body_timeout": _NGINX_SECONDS,
    "web_lingering_time": _NGINX_SECONDS,
    "worker_idle_stop_minutes": Rule(lambda value: 0 <= value < 1e6, "give 0 (never) or more minutes"),
    # 0 is one a core; the worker itself knows no 0.
    "worker_processes": _from_to(0, 1_000),
}
