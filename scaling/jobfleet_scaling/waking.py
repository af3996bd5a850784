"""Waking a fleet of no hosts: whoever sends a job starts the first one, and the scaler does the rest.

It may be done by many at once, and again: it comes to one host. All calls are boto3's, of clients that the
caller has. What they may not do, the alarm of the first group does some minutes later.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code
from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS
from jobfleet_jobs.protocol.names import STACK_TAG, heartbeat_key

from jobfleet_scaling.documents.configuration import PLAIN, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine, log_key, write_lines
from jobfleet_scaling.fleet.tags import SCALED_TAG

ClientOf = Callable[[str], Any]

# So many groups are told in one call, which are more than a stack has:
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
_GROUPS_MAX = 100

# A host whose worker was not heard of for so long, three of its heartbeats, does nothing: it hangs, or its
# network is gone. EC2 calls it healthy all the same.
SILENT_AFTER = timedelta(seconds=3 * PERIOD_SECONDS)


@dataclass(frozen=True)
class Wake:
    """What became of it. `started`: this call started a host; else one was on its way already.

    `refused` is why no host starts, in AWS's words, empty where one does. It was `forbidden` where only the
    caller's credentials lack the permission; then the stack's alarm starts a host within about 3 minutes.
    `full`: it is not AWS that refuses; there are as many hosts as there may be, and none of them works.
    """

    started: bool = False
    refused: str = ""
    forbidden: bool = False
    full: bool = False


def wake(
    stack: str, bucket: str, configuration: ScalingConfiguration, client: ClientOf, *, who: str, now: datetime
) -> Wake:
    """Start one host if none is there that works or on its way, and leave a line in the scaling log.

    `client` gives the boto3 client of a service, `who` is what the line calls the caller, `now` is in UTC. A
    stack that is stopped (`paused`), or may have no host, is not woken, and `refused` says so.

    Raises botocore's errors where AWS cannot be reached; whatever it refuses is in what is returned.
    """
    if why := _why_not(configuration):
        return Wake(refused=why)
    begin = _launch if configuration.mode == PLAIN else _raise_capacity
    hosts = _Hosts(bucket, client)
    try:
        done = begin(stack, configuration, client, now, hosts)
    except ClientError as problem:
        code = error_code(problem)
        said = str(problem.response.get("Error", {}).get("Message", "")) or "no reason given"
        done = Wake(refused=f"{code}: {said}", forbidden=code in FORBIDDEN)
    if done.started or done.refused:
        _note(bucket, done, client, who, now)
    return done


def _why_not(configuration: ScalingConfiguration) -> str:
    if configuration.paused:
        return "the stack is stopped: run `ansible-playbook playbooks/start.yml`"
    if configuration.maximum < 1:
        return "scaling.max is 0: set it to 1 or more, and run `ansible-playbook site.yml`"
    return ""


class _Hosts:
    """Tells of hosts whether their workers have fallen silent, by the bucket's own clock."""

    def __init__(self, bucket: str, client: ClientOf) -> None:
        self._bucket, self._s3 = bucket, client("s3")

    def is_silent(self, host: str, launched: datetime | None = None) -> bool:
        """Tell whether a worker was heard of, and is not any more.

        One that boots was never heard of: not since it was `launched`, where that is known.
        """
        try:
            answer = self._s3.head_object(Bucket=self._bucket, Key=heartbeat_key(host))
        except ClientError:
            return False  # no heartbeat, or none that may be read
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        now = parsedate_to_datetime(headers["date"]).astimezone(UTC)
        heard = answer["LastModified"]
        return bool(now - heard > SILENT_AFTER and (launched is None or heard >= launched))


def _raise_capacity(
    stack: str, configuration: ScalingConfiguration, client: ClientOf, now: datetime, hosts: _Hosts
) -> Wake:
    """Order one host of the first group that has room, if none has any that works or will.

    Hosts that were terminated or stopped by hand stay in a group whose process ReplaceUnhealthy is suspended,
    and are unhealthy there; those that hang are healthy. Nobody is left who would end them; the scaler of the
    new host does.
    """
    names = [group.scaling_group for group in configuration.groups]
    autoscaling = client("autoscaling")
    answer = autoscaling.describe_auto_scaling_groups(
        AutoScalingGroupNames=names[:_GROUPS_MAX], MaxRecords=_GROUPS_MAX
    )
    found = {one["AutoScalingGroupName"]: one for one in answer["AutoScalingGroups"]}
    if any(_has_more_than_dead(one, hosts) for one in found.values()):
        return Wake()
    there = [name for name in names if name in found]
    roomy = [name for name in there if found[name]["DesiredCapacity"] < found[name]["MaxSize"]]
    if there and not roomy and any(found[name]["DesiredCapacity"] for name in there):
        return Wake(refused=_NO_ROOM, full=True)
    # What is not there, or has no room, is named in AWS's refusal.
    first = next(iter(roomy or there), names[0])
    if why := _why_lab_is_full(configuration, client):
        return Wake(refused=why, full=True)
    desired = found[first]["DesiredCapacity"] + 1 if first in found else 1
    autoscaling.set_desired_capacity(AutoScalingGroupName=first, DesiredCapacity=desired, HonorCooldown=False)
    return Wake(started=True)


_NO_ROOM = (
    "as many hosts as there may be are dead or silent: end them by `ansible-playbook playbooks/stop.yml`, "
    "then run `ansible-playbook playbooks/start.yml`"
)


def _has_more_than_dead(group: Mapping[str, Any], hosts: _Hosts) -> bool:
    """Tell whether a host of a group works, boots or is ordered. Few are asked: one that does ends it."""
    there = [one for one in group["Instances"] if not one["LifecycleState"].startswith("Terminat")]
    unhealthy = [one for one in there if one.get("HealthStatus") == "Unhealthy"]
    rest = [one for one in there if one not in unhealthy]
    if group["DesiredCapacity"] > len(unhealthy) + len(rest):
        return True
    return group["DesiredCapacity"] > len(unhealthy) and any(
        one["LifecycleState"] != "InService" or not hosts.is_silent(one["InstanceId"]) for one in rest
    )


def _launch(
    stack: str, configuration: ScalingConfiguration, client: ClientOf, now: datetime, hosts: _Hosts
) -> Wake:
    """Launch one instance if there is none that works or will."""
    ec2 = client("ec2")
    filters = [
        {"Name": f"tag:{STACK_TAG}", "Values": [stack]},
        {"Name": f"tag:{SCALED_TAG}", "Values": ["true"]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    reservations = ec2.describe_instances(Filters=filters)["Reservations"]
    there = [instance for one in reservations for instance in one["Instances"]]
    if any(not hosts.is_silent(one["InstanceId"], one["LaunchTime"]) for one in there):
        return Wake()
    if len(there) >= configuration.maximum:
        return Wake(refused=_NO_ROOM, full=True)
    if why := _why_lab_is_full(configuration, client):
        return Wake(refused=why, full=True)
    ec2.run_instances(
        **configuration.groups[0].launched_by(), MinCount=1, MaxCount=1, ClientToken=_token(stack, now)
    )
    return Wake(started=True)


def _why_lab_is_full(configuration: ScalingConfiguration, client: ClientOf) -> str:
    """Return why a lab would end what is launched now; empty if it would not, or that may not be read."""
    most = configuration.lab_max_instances
    if most is None:
        return ""
    up = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    try:
        reservations = client("ec2").describe_instances(Filters=up)["Reservations"]
    except ClientError as problem:
        if error_code(problem) in FORBIDDEN:
            return ""
        raise
    there = sum(len(one["Instances"]) for one in reservations)
    if there < most:
        return ""
    return f"{there} instances run in the region, and the lab allows {most}: stop one of the others"


def _token(stack: str, now: datetime) -> str:
    """Return the same text to all who wake in one minute: EC2 launches one instance for it.

    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """
    return hashlib.sha256(f"wake {stack} {now:%Y%m%d%H%M}".encode()).hexdigest()


def _note(bucket: str, done: Wake, client: ClientOf, who: str, now: datetime) -> None:
    event = "refused" if done.refused else "woke"
    line = ScalingLine(now, who, event, done.refused or "a job was sent, and no worker was there")
    body, kind = write_lines([line]), "application/x-ndjson"
    # Who may not write there has woken all the same; the scaler that comes up writes lines of its own.
    with suppress(ClientError):
        client("s3").put_object(Bucket=bucket, Key=log_key(who, now), Body=body, ContentType=kind)
