"""docs/policies/scaler.json: the scaler does all it can with a key of that policy, and needs all of it."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY, STACK_TAG, StackNames, heartbeat_key
from jobfleet_scaling.aws.clients import AwsClients
from jobfleet_scaling.documents.configuration import PLAIN, HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.groups import DRAIN_HOOK, GroupsFleet
from jobfleet_scaling.fleet.hosts import FleetHost, Instances
from jobfleet_scaling.fleet.lab_cap import LabCap
from jobfleet_scaling.fleet.plain import PlainFleet
from jobfleet_scaling.fleet.tags import GROUP_TAG, SCALED_TAG
from jobfleet_scaling.leaving.hook import DrainHook
from jobfleet_scaling.settings import from_mapping
from jobfleet_scaling.wiring import build

from localcloud.door.call_log import read_calls
from tests.lab_profile import PROFILE, make_profile
from tests.localcloud_fixture import Hosts, client_of, new_key, newest_debian
from tests.patience import wait_for
from tests.policies import Place, statements_of
from tests.scaling_fleet import TurnedClock

ACCOUNT = "123456789012"


@dataclass
class Site:
    """A stack as the playbooks make it, and a key of the scaler's."""

    place: Place
    key: dict[str, str]
    aws: Callable[[str], Any]

    def __post_init__(self) -> None:
        self.names = StackNames(self.place.stack)
        self.bucket = self.names.bucket(self.place.account, self.place.region)
        self.group = HostGroup(
            "workers", f"{self.place.stack}-workers", "1", f"{self.place.stack}-workers", type="t3.micro",
            zone=f"{self.place.region}a",
        )  # fmt: skip
        self.aws("s3").create_bucket(Bucket=self.bucket)
        self.aws("sqs").create_queue(QueueName=self.names.requests)
        tags = {STACK_TAG: self.place.stack, SCALED_TAG: "true", GROUP_TAG: "workers"}
        listed = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.aws("ec2").create_key_pair(KeyName=self.place.stack)
        self.aws("ec2").create_launch_template(
            LaunchTemplateName=self.group.template,
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": listed}],
            LaunchTemplateData={
                "ImageId": newest_debian(self.aws("ec2"))["ImageId"],
                "InstanceType": "t3.micro",
                "KeyName": self.place.stack,
                "IamInstanceProfile": {"Name": PROFILE},
                "TagSpecifications": [
                    {"ResourceType": kind, "Tags": listed} for kind in ("instance", "volume")
                ],
            },
        )
        self.aws("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=self.group.scaling_group,
            MinSize=0, MaxSize=2, DesiredCapacity=0,
            LaunchTemplate={"LaunchTemplateName": self.group.template, "Version": "1"},
            AvailabilityZones=[f"{self.place.region}a"],
            NewInstancesProtectedFromScaleIn=True,
            Tags=[{**one, "PropagateAtLaunch": True} for one in listed],
        )  # fmt: skip
        self.aws("autoscaling").put_lifecycle_hook(
            LifecycleHookName=DRAIN_HOOK, AutoScalingGroupName=self.group.scaling_group,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout=300,
            DefaultResult="CONTINUE",
        )  # fmt: skip

    def configuration(self, **more: Any) -> ScalingConfiguration:
        return ScalingConfiguration(0, 2, [self.group], lab_max_instances=9, lab_max_vcpus=32, **more)

    def rows(self) -> list[dict[str, Any]]:
        """Return what the key has called so far."""
        path = Path(self.key["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return list(read_calls(path, access_key=self.key["AWS_ACCESS_KEY_ID"]))

    def close(self) -> None:
        self.aws("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=self.group.scaling_group, ForceDelete=True
        )
        self.aws("ec2").delete_key_pair(KeyName=self.place.stack)
        self.aws("ec2").delete_launch_template(LaunchTemplateName=self.group.template)


@pytest.fixture
def site(
    localcloud: dict[str, str],
    aws: Callable[[str], Any],
    hosts: Hosts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    make_profile(localcloud)
    place = Place(f"p{uuid.uuid4().hex[:8]}", ACCOUNT, localcloud["AWS_REGION"])
    document = {"Version": "2012-10-17", "Statement": statements_of("scaler")}
    (tmp_path / "policy.json").write_text(place.fill_in(json.dumps(document)))
    key = new_key(localcloud, policy=tmp_path / "policy.json")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, key[name])
    made = Site(place, key, aws)
    yield made
    made.close()


def test_the_scaler_needs_the_permissions_of_its_policy_and_no_others(site: Site) -> None:
    clients = AwsClients(site.place.region, site.key["AWS_ENDPOINT_URL"])
    instances = Instances(lambda: clients.ec2, site.place.stack)
    groups = GroupsFleet(lambda: clients.autoscaling, instances)
    tick(site, clients)
    by_group(site, clients, groups, instances)
    one_by_one(site, clients, instances)

    refused = [(row["action"], row["resource"]) for row in site.rows() if row["refused"]]
    assert refused == []
    called = {(row["action"], row["resource"]) for row in site.rows()}
    unused = {
        (action, resource)
        for statement in statements_of("scaler")
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not any(action == one and fnmatchcase(arn, site.place.fill_in(resource)) for one, arn in called)
    }
    assert unused == set()
    clients.forget()


def tick(site: Site, clients: AwsClients) -> None:
    """Have a whole scaler tick once, and end."""
    body = Heartbeat("i-1").to_json()
    site.aws("s3").put_object(Bucket=site.bucket, Key=heartbeat_key("i-1"), Body=body)
    body = site.configuration().to_json()
    site.aws("s3").put_object(Bucket=site.bucket, Key=SCALING_CONFIGURATION_KEY, Body=body)
    settings = from_mapping({
        "stack": site.place.stack, "region": site.place.region, "bucket": site.bucket,
        "request_queue": site.names.requests, "worker": False,
    })  # fmt: skip
    service = build(settings, "i-me", clients)
    service.turn()
    service.end()


def by_group(site: Site, clients: AwsClients, groups: GroupsFleet, instances: Instances) -> None:
    """Have a group launch a host and end it, with all that its hook is told."""

    def only() -> FleetHost | None:
        found = groups.look(site.configuration()).hosts
        return found[0] if found and found[0].state == "running" else None

    groups.look(site.configuration())
    groups.order(site.group, 1, 1)
    host = wait_for(only, 60)
    assert instances.impaired([host.id]) == {}
    assert LabCap(instances).room(site.configuration(), {}).instances == 8
    assert groups.why_none_come(site.group) == ""
    groups.end(host)
    hook = DrainHook(lambda: clients.autoscaling, host.id, TurnedClock().monotonic)

    def called(action: str) -> bool:
        return any(row["action"] == f"autoscaling:{action}" for row in site.rows())

    wait_for(lambda: hook.keep_waiting() or called("RecordLifecycleActionHeartbeat"), 30)
    hook.go_on()
    assert called("CompleteLifecycleAction")
    wait_for(lambda: not groups.look(site.configuration()).hosts, 60)


def test_the_scaler_launches_nothing_but_what_a_template_of_its_stack_says(site: Site) -> None:
    ec2 = client_of(site.key, "ec2")
    image = newest_debian(site.aws("ec2"))["ImageId"]
    site.aws("ec2").create_launch_template(
        LaunchTemplateName=f"other-{site.place.stack}",
        LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"},
    )
    ours, theirs = (
        {"LaunchTemplateName": name} for name in (site.group.template, f"other-{site.place.stack}")
    )

    def launched(**asked: Any) -> str:
        with pytest.raises(ClientError) as told:
            ec2.run_instances(MinCount=1, MaxCount=1, DryRun=True, **asked)
        return error_code(told.value)

    assert launched(LaunchTemplate=ours) == "DryRunOperation"
    for asked in (
        {"LaunchTemplate": theirs}, {"LaunchTemplate": ours, "ImageId": image},
        {"ImageId": image, "InstanceType": "t3.micro"},
    ):  # fmt: skip
        assert launched(**asked) == "UnauthorizedOperation", asked
    site.aws("ec2").delete_launch_template(LaunchTemplateName=theirs["LaunchTemplateName"])
    ec2.close()


def one_by_one(site: Site, clients: AwsClients, instances: Instances) -> None:
    """Launch a host by itself, and end it."""
    plain = PlainFleet(lambda: clients.ec2, instances, site.place.stack, TurnedClock().monotonic)
    plain.order(site.group, 1, 1)
    host = wait_for(lambda: next(iter(plain.look(site.configuration(mode=PLAIN)).hosts), None), 60)
    assert (host.group, host.version) == ("workers", "1")
    plain.end(host)
    wait_for(lambda: not plain.look(site.configuration(mode=PLAIN)).hosts, 60)
