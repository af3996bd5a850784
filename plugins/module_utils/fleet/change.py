"""Changing the fleet to what it should be: terminate, start and launch, and never too many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible.module_utils.account.lab_limits import LabLimits, load_of, over_limit, over_scaled
from ansible.module_utils.firewall.regroup import misplaced
from ansible.module_utils.fleet.cpu_credits import credits_of, is_burstable, set_credits
from ansible.module_utils.fleet.launch_network import zones_to_try
from ansible.module_utils.fleet.plan import (
    GROUP_TAG,
    KEY_TAG,
    ROLE_TAG,
    WEB,
    FleetPlan,
    InstanceGroup,
    find_ours,
    is_scaled,
    make_plan,
    role_of,
)
from ansible.module_utils.preflight.aws_limits import is_private
from ansible.module_utils.process.listed import wait_until_listed
from ansible.module_utils.process.patience import LAUNCH, patiently
from ansible.module_utils.storage.bucket_lock import BucketLock
from botocore.exceptions import ClientError, WaiterError

LOOK_SECONDS = 2

# Another zone may have room: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
NO_ROOM = frozenset({"InsufficientInstanceCapacity", "InsufficientFreeAddressesInSubnet"})


class Refused(Exception):
    """The change must not be."""


class Changer:
    """Makes the fleet what it should be, with one module call's parameters."""

    def __init__(
        self, ec2: Any, params: dict[str, Any], groups: list[InstanceGroup], most: LabLimits
    ) -> None:
        self._ec2, self._params, self._most = ec2, params, most
        self._groups = [one for one in groups if one.role in params["roles"]]
        self._public = not is_private(params["ssh_from"])

    def plan(self) -> FleetPlan:
        """Return what has to change. Raises `Refused` where it would be too much for the region."""
        if problem := over_scaled(self._groups, self._params["scaling_max"], self._most):
            raise Refused(f"Nothing is launched: {problem}.")
        ours = [one for one in self._ours() if role_of(one) in self._params["roles"]]
        key, replace = self._params["key_mark"], self._params["replace_other_keys"]
        plan = make_plan(self._groups, ours, key, replace=replace)
        self._refuse_too_many(plan.starting_types(self._groups), [one["InstanceId"] for one in plan.remove])
        return plan

    def change(self, lock: BucketLock) -> dict[str, list[str]]:
        """Terminate, start and launch; return the ids by what was done. The lock is held."""
        plan = self.plan()
        surplus = [one["InstanceId"] for one in plan.remove]
        gone = [one for one in surplus if one in self._params["remove"]]
        if gone:
            self._ec2.terminate_instances(InstanceIds=gone)
        starting = plan.starting_types(self._groups)
        # Anew, with what is really gone: others may have launched in the meantime.
        self._refuse_too_many(starting, gone)
        if starting and not lock.is_safe():
            raise Refused("AWS answered too slowly to launch safely beside other runs: run this again")
        started = [one["InstanceId"] for one in plan.start]
        if started:
            self._ec2.start_instances(InstanceIds=started)
        launched: list[str] = []
        try:
            for group in self._groups:
                launched += self._launch(group, plan.launch)
            self._see(launched)
        finally:
            # Also when a group could not be launched: what was, counts.
            self._undo_if_too_many(launched, started, gone)
        return {"launched": launched, "started": started, "terminated": gone,
                "surplus": [one for one in surplus if one not in gone]}  # fmt: skip

    def without_profile(self, leaving: list[str]) -> list[str]:
        """Return the ids of those that stay and lack the instance profile, where one is wanted."""
        if not self._params["instance_profile"]:
            return []
        return [
            one["InstanceId"]
            for one in self._ours()
            if "IamInstanceProfile" not in one and one["InstanceId"] not in leaving
        ]

    def give_profile(self, ids: list[str]) -> None:
        """Give instances the instance profile, which counts at once and restarts nothing."""
        for one in ids:
            self._ec2.associate_iam_instance_profile(
                IamInstanceProfile={"Name": self._params["instance_profile"]}, InstanceId=one
            )

    def in_other_groups(self, leaving: list[str]) -> dict[str, list[str]]:
        """Return by id which security groups those that stay should have instead, of web hosts."""
        staying = [one for one in self._ours() if one["InstanceId"] not in leaving]
        names = (self._params["web_security_group"], self._params["balanced_security_group"])
        return misplaced(staying, self._groups, *names)

    def with_other_credits(self, leaving: list[str]) -> list[str]:
        """Return the ids of those that stay and have other CPU credits than are wanted, if any are."""
        wanted = self._params["cpu_credits"]
        if not wanted:
            return []
        staying = [one for one in self._ours() if one["InstanceId"] not in leaving]
        return sorted(one for one, has in credits_of(self._ec2, staying).items() if has != wanted)

    def give_credits(self, ids: list[str]) -> None:
        """Give instances the CPU credits that are wanted. Raises `NotChanged`: they work without."""
        set_credits(self._ec2, ids, self._params["cpu_credits"])

    def settle(self, done: dict[str, list[str]]) -> None:
        """Wait until what was launched, started or booting runs, and what was terminated is gone."""
        for name, ids in (
            ("instance_running", done["launched"] + done["started"] + done["booting"]),
            ("instance_terminated", done["terminated"]),
        ):
            if ids:
                self._wait(name, ids)
        # Ended meanwhile, it is not listed; the inventory tells what lacks.
        wait_until_listed(self._ec2, done["launched"] + done["started"] + done["booting"])

    def booting(self, leaving: list[str]) -> list[str]:
        """Return the ids of those that stay and boot: a run that was broken off began it, or the lab did."""
        return [
            one["InstanceId"]
            for one in self._ours()
            if one["State"]["Name"] == "pending" and one["InstanceId"] not in leaving
        ]

    def running(self, leaving: list[str]) -> dict[str, str]:
        """Return by id under which address each of the stack's running instances is reached.

        Raises `Refused` where one that stays has no address that can be: nobody would ever get an answer.
        """
        running = [one for one in self._ours() if one["State"]["Name"] == "running"]
        hidden = [
            one for one in running if not one.get("PublicIpAddress") and one["InstanceId"] not in leaving
        ]
        if hidden and self._public:
            subnets = ", ".join(sorted({one.get("SubnetId", "") for one in hidden}))
            raise Refused(
                f"{', '.join(one['InstanceId'] for one in hidden)} runs and has no public address, so it "
                "cannot be reached by SSH: switch on 'Enable auto-assign public IPv4 address' of the subnet "
                f"{subnets}, terminate the instance and run this again; or "
                "deploy from inside of the network, with a private range in ssh_from."
            )
        return {one["InstanceId"]: one.get("PublicIpAddress") or one["PrivateIpAddress"] for one in running}

    def wait_for_stopping(self, plan: FleetPlan) -> None:
        """Wait for what is on its way down: only then it can be started."""
        stopping = [one["InstanceId"] for one in plan.start if one["State"]["Name"] == "stopping"]
        if stopping:
            self._wait("instance_stopped", stopping)

    def _ours(self) -> list[dict[str, Any]]:
        """Return the stack's instances, but for those that scaling launches and ends."""
        return [one for one in find_ours(self._ec2, self._params["stack"]) if not is_scaled(one)]

    def _wait(self, waiter: str, ids: list[str]) -> None:
        attempts = max(1, self._params["wait_timeout"] // LOOK_SECONDS)
        try:
            self._ec2.get_waiter(waiter).wait(
                InstanceIds=ids, WaiterConfig={"Delay": LOOK_SECONDS, "MaxAttempts": attempts}
            )
        except WaiterError as problem:
            raise Refused(f"{self._states(ids)}: {problem}") from problem

    def _states(self, ids: list[str]) -> str:
        found = self._ec2.describe_instances(InstanceIds=ids)["Reservations"]
        return "; ".join(
            f"{one['InstanceId']} is {one['State']['Name']} ({one.get('StateReason', {}).get('Message', '')})"
            for reservation in found
            for one in reservation["Instances"]
        )

    def _refuse_too_many(self, starting: list[str], gone: list[str]) -> None:
        if not starting:
            return
        load = load_of(self._ec2, {group.type for group in self._groups} | set(starting))
        if problem := over_limit(load, starting, gone, self._most):
            raise Refused(f"Nothing is launched: {problem}.")

    def _undo_if_too_many(self, launched: list[str], started: list[str], gone: list[str]) -> None:
        """Take back what was launched and started when others did the same at the same moment."""
        if not (launched or started) or self._most.instances is None:
            return
        load = load_of(self._ec2, set())
        _, vcpus = load.after([], gone)
        # A list may lack for a moment what was launched just now.
        instances = len({*load.vcpus_by_instance, *launched, *started} - set(gone))
        if instances > self._most.instances or vcpus > (self._most.vcpus or vcpus):
            if launched:
                self._ec2.terminate_instances(InstanceIds=launched)
            if started:
                # EC2 stops none that is still starting.
                self._wait("instance_running", started)
                self._ec2.stop_instances(InstanceIds=started)
            raise Refused(
                f"{instances} instances with {vcpus} vCPUs ran in the region after the launch, since "
                "somebody else launched at the same moment; what was launched and started here "
                f"({', '.join(launched + started)}) is ended again. Run this again when they are done."
            )

    def _see(self, launched: list[str]) -> None:
        """Wait until the next one who looks by tag will see them."""
        if launched:
            self._ec2.get_waiter("instance_exists").wait(
                InstanceIds=launched, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
            )

    def _launch(self, group: InstanceGroup, missing: dict[str, int]) -> list[str]:
        if not (count := missing.get(group.name, 0)):
            return []
        zones = zones_to_try(self._ec2, group, public=self._public)
        for zone in zones:
            options = launch_options(replace(group, zone=zone), self._params)
            try:
                answer = patiently(self._ec2.run_instances, LAUNCH, MinCount=count, MaxCount=count, **options)
            except ClientError as problem:
                if zone == zones[-1] or problem.response["Error"]["Code"] not in NO_ROOM:
                    raise
            else:
                return [one["InstanceId"] for one in answer["Instances"]]
        return []


def newest_image(ec2: Any, owner: str, name: str, region: str) -> str:
    """Return the id of the newest image of that owner and name. Raises `Refused` where there is none."""
    filters = [{"Name": "name", "Values": [name]}, {"Name": "state", "Values": ["available"]}]
    images = ec2.describe_images(Owners=[owner], Filters=filters)["Images"]
    if not images:
        raise Refused(f"The account {owner} has no image named {name} in {region}.")
    return str(max(images, key=lambda image: str(image["CreationDate"]))["ImageId"])


def security_group_of(group: InstanceGroup, params: dict[str, Any]) -> str:
    """Return the name of the security group of a group's instances."""
    kind = "balanced_" if group.balanced else "web_" if group.role == WEB else ""
    return str(params[f"{kind}security_group"])


def launch_options(group: InstanceGroup, params: dict[str, Any]) -> dict[str, Any]:
    """Return the options of RunInstances for one instance of `group`."""
    of_role = "web_" if group.role == WEB else ""
    tags = {
        **params["tags"],
        "Name": params[f"{of_role}name"],
        "jobfleet:stack": params["stack"],
        GROUP_TAG: group.name,
        ROLE_TAG: group.role,
        KEY_TAG: params["key_mark"],
    }
    listed = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
    options: dict[str, Any] = {
        "ImageId": params[f"{of_role}image_id"],
        "InstanceType": group.type,
        "KeyName": params["key_name"],
        "SecurityGroups": [security_group_of(group, params)],
        "UserData": params["user_data"],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "TagSpecifications": [{"ResourceType": kind, "Tags": listed} for kind in ("instance", "volume")],
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "VolumeType": "gp3",
                    "VolumeSize": params["volume_size"],
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
        ],
    }
    if group.zone:
        options["Placement"] = {"AvailabilityZone": group.zone}
    if params["instance_profile"]:
        options["IamInstanceProfile"] = {"Name": params["instance_profile"]}
    if params["cpu_credits"] and is_burstable(group.type):
        options["CreditSpecification"] = {"CpuCredits": params["cpu_credits"]}
    if group.market == "spot":
        options["InstanceMarketOptions"] = {"MarketType": "spot"}
    else:
        # A host that powers itself off keeps its disk and can be started again.
        options["InstanceInitiatedShutdownBehavior"] = "stop"
    return options
