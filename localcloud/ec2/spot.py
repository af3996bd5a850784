"""Spot instances: which instances are any, the notice before one is interrupted, and the interruption.

The notice comes two minutes before, in the instance's metadata:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
moto knows of the market alone that it was asked for, and only if the request itself asks, not its launch
template.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from localcloud.ec2.instances import HostedInstance, SpotNotice
from localcloud.errors import LocalcloudError
from localcloud.gaps.patching import put_over
from localcloud.gaps.timing import aws_seconds

log = logging.getLogger(__name__)

NOTICE_SECONDS = 120.0

_SPOT = "spot"
_asked_market: ContextVar[Mapping[str, Any]] = ContextVar("asked_market", default={})  # noqa: B039  never changed


def hear_requests() -> None:
    """Keep all of what RunInstances says of the market until its instances are made."""
    run = InstanceResponse.run_instances

    def run_instances(response: InstanceResponse) -> ActionResult:
        token = _asked_market.set(response._get_param("InstanceMarketOptions", {}))
        try:
            return run(response)
        finally:
            _asked_market.reset(token)

    put_over(InstanceResponse, "run_instances", run_instances)


def mark(backend: InstanceBackend, new: Iterable[HostedInstance], asked: Mapping[str, Any]) -> None:
    """Make spot instances of new ones, where the request or its launch template asked for it."""
    market = _asked_market.get()
    if not market and asked.get("launch_template"):
        template = backend._get_template_from_args(asked["launch_template"])
        market = template.data.get("InstanceMarketOptions") or {}
    if market.get("MarketType") != _SPOT:
        return
    behavior = market.get("SpotOptions", {}).get("InstanceInterruptionBehavior") or "terminate"
    for instance in new:
        instance.lifecycle = _SPOT
        instance.spot_behavior = behavior


def give_notice(instances: Iterable[HostedInstance], instance_id: str) -> dict[str, Any]:
    """Tell an instance that it goes in two minutes, and then interrupt it.

    Returns the `action`, and the `time` in ISO 8601. Raises `LocalcloudError` if it cannot be interrupted.
    """
    instance = _find(instances, instance_id)
    seconds = aws_seconds(NOTICE_SECONDS)
    now = datetime.now(UTC)
    # Hibernation needs what no host here has; AWS stops instances that cannot do it.
    action = "terminate" if instance.spot_behavior == "terminate" else "stop"
    notice = instance.spot_notice = SpotNotice(action, now, now + timedelta(seconds=seconds))
    _later(seconds, lambda: _interrupt(instance, notice))
    return {"action": action, "time": _moment(notice.time)}


def _find(instances: Iterable[HostedInstance], instance_id: str) -> HostedInstance:
    instance = next((one for one in instances if one.id == instance_id), None)
    if instance is None:
        raise LocalcloudError(f"there is no instance {instance_id}: see `status`")
    if instance.lifecycle != _SPOT:
        raise LocalcloudError(
            f"{instance_id} is no spot instance: launch it with InstanceMarketOptions, MarketType spot"
        )
    if instance.state != "running":
        raise LocalcloudError(f"{instance_id} is {instance.state}: only what runs is interrupted")
    if instance.spot_notice is not None:
        raise LocalcloudError(
            f"{instance_id} has its notice already, for {_moment(instance.spot_notice.time)}"
        )
    return instance


def _later(seconds: float, do: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


def _interrupt(instance: HostedInstance, notice: SpotNotice) -> None:
    # It may have been stopped and started again meanwhile, and then has another life.
    if instance.spot_notice is notice:
        log.info("%s is interrupted", instance.id)
        instance.interrupt(notice.action)


def metadata_of(instance: HostedInstance) -> dict[str, str]:
    """Return what the metadata service tells of an interruption; nothing before its notice.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html: the recommendation to
    rebalance can come along with the notice, and here does.
    """
    notice = instance.spot_notice
    if notice is None:
        return {}
    when = _moment(notice.time)
    found = {
        "events/recommendations/rebalance": json.dumps({"noticeTime": _moment(notice.given)}),
        "spot/instance-action": json.dumps({"action": notice.action, "time": when}),
    }
    if notice.action == "terminate":
        found["spot/termination-time"] = when
    return found


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
