"""A launch by somebody else at the very moment of our own.

EC2 is a double here: nothing real can launch at just that moment.
"""

from typing import Any

import pytest
from ansible.module_utils.account.lab_limits import limits
from ansible.module_utils.fleet.change import Changer, Refused, newest_image
from ansible.module_utils.fleet.plan import InstanceGroup
from ansible.module_utils.process import patience
from ansible.module_utils.process.patience import LAUNCH
from ansible.module_utils.storage.bucket_lock import EXPIRES_SECONDS, SAFE_SECONDS
from botocore.exceptions import ClientError

PARAMS = {
    **dict.fromkeys(
        ("image_id", "key_name", "security_group", "user_data", "name", "stack", "key_mark"), "x"
    ),
    "web_security_group": "web",
    "balanced_security_group": "balanced",
    "volume_size": 8,
    "tags": {},
    "instance_profile": "",
    "cpu_credits": "standard",
    "ssh_from": "",
    "replace_other_keys": False,
    "roles": ["worker", "web"],
    "scaling_max": 0,
    "remove": [],
    "wait_timeout": 10,
}


UNWANTED = {
    "InstanceType": "t3.small",
    "State": {"Name": "running"},
    "LaunchTime": 0,
    "Tags": [{"Key": "jobfleet:group", "Value": "gone"}],
}


STOPPED = {
    "InstanceType": "t3.small",
    "State": {"Name": "stopped"},
    "LaunchTime": 0,
    "Tags": [{"Key": "jobfleet:group", "Value": "worker"}, {"Key": "jobfleet:key", "Value": "x"}],
}


BOOTING = {**STOPPED, "State": {"Name": "pending"}}


class Region:
    """EC2 with `strangers` of others that run, and `late` ones that begin with our launch."""

    def __init__(
        self, strangers: int, late: int = 0, unwanted: int = 0, stopped: int = 0, booting: int = 0
    ) -> None:
        self._ours = [{**BOOTING, "InstanceId": f"i-booting-{n}"} for n in range(booting)]
        self._ours += [{**STOPPED, "InstanceId": f"i-stopped-{n}"} for n in range(stopped)]
        self._ours += [{**UNWANTED, "InstanceId": f"i-unwanted-{n}"} for n in range(unwanted)]
        self.running = [f"i-stranger-{n}" for n in range(strangers)]
        self.running += [one["InstanceId"] for one in self._ours if one["State"]["Name"] == "running"]
        self._late = late
        self.credits = {"i-booting-0": "unlimited", "i-booting-1": "standard", "i-booting-2": "unlimited"}
        self.unseen: list[str] = []
        self.terminated: list[str] = []
        self.stopped: list[str] = []
        self.waited_for: list[str] = []

    def get_paginator(self, _: str) -> "Region":
        return self

    def get_waiter(self, _: str) -> "Region":
        return self

    def wait(self, InstanceIds: list[str], **_: Any) -> None:  # noqa: N803
        self.waited_for += InstanceIds

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if "LocationType" in asked:
            return [{"InstanceTypeOfferings": []}]
        of_stack = any(one["Name"].startswith("tag:") for one in asked["Filters"])
        everyone = [{"InstanceId": one, "InstanceType": "t3.small"} for one in self.running]
        return [{"Reservations": [{"Instances": self._ours if of_stack else everyone}]}]

    def describe_instance_types(self, InstanceTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        return {
            "InstanceTypes": [{"InstanceType": one, "VCpuInfo": {"DefaultVCpus": 2}} for one in InstanceTypes]
        }

    def describe_instance_credit_specifications(self, InstanceIds: list[str]) -> dict[str, Any]:  # noqa: N803
        found = [{"InstanceId": one, "CpuCredits": self.credits[one]} for one in InstanceIds]
        return {"InstanceCreditSpecifications": found}

    def describe_vpcs(self, **_: Any) -> dict[str, Any]:
        return {"Vpcs": [{"VpcId": "vpc-1"}]}

    def describe_subnets(self, **_: Any) -> dict[str, Any]:
        return {"Subnets": []}

    def run_instances(self, **options: Any) -> dict[str, Any]:
        if self.unseen:
            raise ClientError({"Error": {"Code": self.unseen.pop(), "Message": "no such"}}, "RunInstances")
        ours = [f"i-ours-{n}" for n in range(options["MinCount"])]
        self.running += [*ours, *(f"i-late-{n}" for n in range(self._late))]
        return {"Instances": [{"InstanceId": one} for one in ours]}

    def start_instances(self, InstanceIds: list[str]) -> None:  # noqa: N803
        self.running += [*InstanceIds, *(f"i-late-{n}" for n in range(self._late))]

    def stop_instances(self, InstanceIds: list[str]) -> None:  # noqa: N803
        self.stopped += InstanceIds

    def terminate_instances(self, InstanceIds: list[str]) -> None:  # noqa: N803
        self.terminated += InstanceIds


class Held:
    """A lock that was taken just now, or too long ago."""

    def __init__(self, safe: bool = True) -> None:
        self._safe = safe

    def is_safe(self) -> bool:
        return self._safe


def changer(region: Region) -> Changer:
    return Changer(region, PARAMS, [InstanceGroup("worker", 2, "t3.small")], limits(True, 9))


def test_what_is_missing_is_launched_up_to_the_limit() -> None:
    assert changer(Region(7)).change(Held())["launched"] == ["i-ours-0", "i-ours-1"]


def test_a_group_and_a_key_pair_made_just_now_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(patience.time, "sleep", waited.append)
    region = Region(0)
    region.unseen = ["InvalidKeyPair.NotFound", "InvalidGroup.NotFound", "InvalidGroup.NotFound"]

    assert changer(region).change(Held())["launched"] == ["i-ours-0", "i-ours-1"]
    assert len(waited) == 3


def test_a_launch_is_over_before_its_lock_may_be_taken_over() -> None:
    assert SAFE_SECONDS + LAUNCH.seconds < EXPIRES_SECONDS


def test_one_more_is_refused_and_nothing_launched() -> None:
    region = Region(8)

    with pytest.raises(Refused, match="Nothing is launched: 8 instances run in the region, 10 would"):
        changer(region).change(Held())
    assert len(region.running) == 8


def test_what_is_not_wanted_but_still_there_counts() -> None:
    region = Region(6, unwanted=2)

    # Nobody has stopped the workers of the two, so they stay for now.
    with pytest.raises(Refused, match="8 instances run in the region, 10 would"):
        changer(region).change(Held())
    assert len(region.running) == 8


def test_what_was_launched_beside_somebody_else_s_launch_is_taken_back() -> None:
    region = Region(7, late=1)

    with pytest.raises(Refused, match="10 instances with 20 vCPUs ran in the region after the launch"):
        changer(region).change(Held())
    assert region.terminated == ["i-ours-0", "i-ours-1"]


def test_what_was_started_beside_somebody_else_s_launch_is_stopped_again() -> None:
    region = Region(7, late=1, stopped=2)

    with pytest.raises(Refused, match="10 instances with 20 vCPUs ran in the region after the launch"):
        changer(region).change(Held())
    assert region.stopped == ["i-stopped-0", "i-stopped-1"]
    assert region.terminated == []


def test_nothing_is_launched_when_the_lock_has_grown_old() -> None:
    region = Region(0)

    with pytest.raises(Refused, match="answered too slowly"):
        changer(region).change(Held(safe=False))
    assert region.running == []


def test_what_boots_already_is_waited_for_unless_it_goes() -> None:
    region = Region(0, booting=2)

    booting = changer(region).booting(leaving=["i-booting-1"])
    changer(region).settle({"launched": [], "started": [], "terminated": [], "booting": booting})

    assert region.waited_for == ["i-booting-0"]


class Answers:
    """EC2 that answers one kind of question."""

    def __init__(self, instances: list[dict[str, Any]] | None = None, images: object = ()) -> None:
        self._instances, self._images = instances or [], images

    def get_paginator(self, _: str) -> "Answers":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Reservations": [{"Instances": self._instances}]}]

    def describe_images(self, **_: Any) -> dict[str, Any]:
        return {"Images": self._images}


def test_what_runs_is_told_with_the_address_it_is_reached_at() -> None:
    running = {"State": {"Name": "running"}, "PrivateIpAddress": "10.0.0.1"}
    ec2 = Answers(
        [
            {**running, "InstanceId": "i-public", "PublicIpAddress": "203.0.113.7"},
            {**running, "InstanceId": "i-private"},
            {**BOOTING, "InstanceId": "i-booting"},
        ]
    )

    from_inside = {**PARAMS, "ssh_from": "10.0.0.0/8"}
    assert Changer(ec2, from_inside, [], limits(False, 9)).running([]) == {
        "i-public": "203.0.113.7",
        "i-private": "10.0.0.1",
    }
    with pytest.raises(Refused, match="i-private runs and has no public address, so it cannot be reached"):
        Changer(ec2, PARAMS, [], limits(False, 9)).running([])
    # One that goes need not be reached.
    assert "i-private" in Changer(ec2, PARAMS, [], limits(False, 9)).running(["i-private"])


def test_the_newest_image_is_taken_and_none_is_refused_in_words() -> None:
    images = [
        {"ImageId": f"ami-{year}", "CreationDate": f"{year}-01-01T00:00:00Z"} for year in (2024, 2026, 2025)
    ]

    assert newest_image(Answers(images=images), "1", "debian-*", "us-east-1") == "ami-2026"
    with pytest.raises(Refused, match="The account 1 has no image named debian-\\* in us-east-1"):
        newest_image(Answers(), "1", "debian-*", "us-east-1")


def test_what_stays_with_other_cpu_credits_than_are_wanted_is_found() -> None:
    assert changer(Region(0, booting=3)).with_other_credits(leaving=["i-booting-2"]) == ["i-booting-0"]


class Zoned(Region):
    """Three default subnets: one gives no public addresses, one has no room, and one will do."""

    def __init__(self) -> None:
        super().__init__(0)
        self.tried: list[str] = []

    def describe_subnets(self, **_: Any) -> dict[str, Any]:
        zones = {"r-1a": False, "r-1b": True, "r-1c": True}
        return {
            "Subnets": [
                {"AvailabilityZone": zone, "MapPublicIpOnLaunch": gives} for zone, gives in zones.items()
            ]
        }

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if "LocationType" not in asked:
            return super().paginate(**asked)
        zones = ("r-1a", "r-1b", "r-1c")
        return [{"InstanceTypeOfferings": [{"InstanceType": "t3.small", "Location": zone} for zone in zones]}]

    def run_instances(self, **options: Any) -> dict[str, Any]:
        zone = options["Placement"]["AvailabilityZone"]
        self.tried.append(zone)
        if zone == "r-1b":
            raise ClientError({"Error": {"Code": "InsufficientInstanceCapacity"}}, "RunInstances")
        return super().run_instances(**options)


def test_a_launch_goes_on_to_the_next_zone_that_will_do_where_one_has_no_room() -> None:
    region = Zoned()

    assert changer(region).change(Held())["launched"] == ["i-ours-0", "i-ours-1"]
    assert region.tried == ["r-1b", "r-1c"]


def test_hosts_that_scale_are_left_alone_and_counted() -> None:
    region = Region(6, unwanted=2)
    for one in region._ours:
        one["Tags"] = [*one["Tags"], {"Key": "jobfleet:scaled", "Value": "true"}]

    plan = Changer(region, PARAMS, [InstanceGroup("worker", 1, "t3.small")], limits(True, 9)).plan()

    assert (plan.launch, plan.remove) == ({"worker": 1}, [])
    with pytest.raises(Refused, match="8 instances run in the region, 10 would"):
        changer(region).plan()


def test_instances_of_other_roles_than_asked_for_are_left_alone() -> None:
    region = Region(0, unwanted=1)
    web = [InstanceGroup("worker", 3, "t3.small"), InstanceGroup("web", 1, "t3.small", role="web")]

    plan = Changer(region, {**PARAMS, "roles": ["web"]}, web, limits(True, 9)).plan()

    assert (plan.launch, plan.remove) == ({"web": 1}, [])


def test_web_hosts_leave_a_lab_room_for_the_greatest_fleet() -> None:
    web = [InstanceGroup("web", 2, "t3.small", role="web")]

    with pytest.raises(Refused, match=r"scaling\.max is 8, 2 web hosts run besides"):
        Changer(Region(0), {**PARAMS, "scaling_max": 8}, web, limits(True, 9)).plan()
