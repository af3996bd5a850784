"""Ansible module: as many EC2 instances of each group as are wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
short_description: Ensure that as many EC2 instances of each group run as are wanted
description:
  - Finds the stack's instances by their tags, launches what is missing, starts what is stopped, and
    terminates what is in C(remove) and not wanted. What is not wanted, and not in C(remove), is returned as
    C(surplus).
  - Only one run at a time changes the fleet, from whichever machine. The bucket holds the lock.
  - What boots already is waited for, so that all that is wanted runs in the end.
  - Right before a launch or start, and after it, all running and pending instances of the region are counted.
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  name:
    description: The tag C(Name) of the instances.
    type: str
    required: true
  groups:
    description: Dictionaries with C(name), C(count), C(type), C(zone) and C(market) (on-demand or spot).
    type: list
    elements: dict
    required: true
  remove:
    description: Ids of the instances that may be terminated; their workers hold no jobs any more.
    type: list
    elements: str
    default: []
  replace_other_keys:
    description: Whether instances that were launched with another login key than C(key_mark) are replaced.
    type: bool
    default: false
  bucket:
    description: The bucket that holds the lock. Not used in check mode.
    type: str
    required: true
  image_id:
    description: The image.
    type: str
    required: true
  key_name:
    description: The key pair in AWS.
    type: str
    required: true
  key_mark:
    description: Fingerprint of the login key, kept in the tag C(jobfleet:key).
    type: str
    required: true
  security_group:
    description: Name of the security group in the default VPC.
    type: str
    required: true
  instance_profile:
    description: Name of the instance profile; empty for none.
    type: str
    default: ""
  user_data:
    description: What cloud-init gets.
    type: str
    required: true
  volume_size:
    description: GiB of the encrypted root volume.
    type: int
    required: true
  tags:
    description: Tags of the instances and their volumes, besides C(Name).
    type: dict
    default: {}
  lab_mode:
    description: Whether the limits of a Learner Lab count (true, false, or auto to look at the caller's ARN).
    type: str
    default: auto
  lab_max_instances:
    description: How many instances may run in the region of a lab, whoever started them.
    type: int
    default: 9
  wait_timeout:
    description: Seconds to wait until the instances run, and until others are terminated.
    type: int
    default: 300
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- fleet:
    stack: jobfleet
    name: jobfleet-worker
    groups: [{name: worker, count: 2, type: t3.small}]
    bucket: jobfleet-123456789012-us-east-1
    image_id: ami-0123456789abcdef0
    key_name: jobfleet
    key_mark: SHA256:x
    security_group: jobfleet-workers
    user_data: "#cloud-config"
    volume_size: 8
"""

RETURN = r"""
launched:
  description: Ids of the instances that were launched. In check mode, a group's name for each.
  type: list
  elements: str
  returned: always
started:
  description: Ids of the stopped instances that were started.
  type: list
  elements: str
  returned: always
terminated:
  description: Ids of the instances that were terminated.
  type: list
  elements: str
  returned: always
profiled:
  description: Ids of the instances that were there without the instance profile and were given it.
  type: list
  elements: str
  returned: always
booting:
  description: Ids of the instances that were booting already, and are waited for.
  type: list
  elements: str
  returned: always
surplus:
  description: Ids of the instances that are not wanted and are still there.
  type: list
  elements: str
  returned: always
"""

from ansible.module_utils.bucket_lock import BucketLock, LockHeld
from ansible.module_utils.fleet_change import Changer, Refused
from ansible.module_utils.fleet_plan import Group, parse_groups
from ansible.module_utils.lab import Limits, is_lab, limits, refusals
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import BotoCoreError, ClientError

LOCK_KEY = "locks/fleet"

# What changes how many instances run.
COUNTED = ("launched", "started", "terminated")


def allowed(module: AnsibleAWSModule, groups: list[Group]) -> Limits:
    """Return the limits of this account. Raises `Refused` for groups that it does not allow at all."""
    try:
        lab = is_lab(module.params["lab_mode"], module.client("sts").get_caller_identity()["Arn"])
        most = limits(lab, module.params["lab_max_instances"])
    except ValueError as problem:
        raise Refused(f"{problem}.") from problem
    wanted = [(group.name, group.type, group.market) for group in groups if group.count]
    if lab and (said := refusals(module.region, wanted)):
        raise Refused(f"Nothing is launched: {'; '.join(said)}.")
    return most


def run(module: AnsibleAWSModule) -> dict[str, list[str]]:
    """Do what the parameters say. Raises `Refused`, `LockHeld` and AWS's own errors."""
    groups, wrong = parse_groups(module.params["groups"])
    if wrong:
        raise Refused("; ".join(wrong))
    changer = Changer(module.client("ec2"), module.params, groups, allowed(module, groups))
    plan = changer.plan()
    surplus = [one["InstanceId"] for one in plan.remove]
    done = {
        "launched": [name for name, count in plan.launch.items() for _ in range(count)],
        "started": [one["InstanceId"] for one in plan.start],
        "terminated": [one for one in surplus if one in module.params["remove"]],
        "surplus": surplus,
        "profiled": changer.without_profile(surplus),
        "booting": changer.booting(surplus),
    }
    if module.check_mode:
        return done
    if any(done[kind] for kind in COUNTED):
        changer.wait_for_stopping(plan)
        with BucketLock(module.client("s3"), module.params["bucket"], LOCK_KEY) as lock:
            done = {**done, **changer.change(lock)}
    changer.settle(done)
    changer.give_profile(done["profiled"])
    return done


def main() -> None:
    """Run the module."""
    text = {"type": "str", "required": True}
    module = AnsibleAWSModule(
        argument_spec={
            **dict.fromkeys(
                ("stack", "name", "bucket", "image_id", "key_name", "key_mark", "security_group"), text
            ),
            "user_data": {**text, "no_log": True},
            "key_name": {**text, "no_log": False},
            "key_mark": {**text, "no_log": False},
            "groups": {"type": "list", "elements": "dict", "required": True},
            "remove": {"type": "list", "elements": "str", "default": []},
            "replace_other_keys": {"type": "bool", "default": False, "no_log": False},
            "instance_profile": {"type": "str", "default": ""},
            "volume_size": {"type": "int", "required": True},
            "tags": {"type": "dict", "default": {}},
            "lab_mode": {"type": "str", "default": "auto"},
            "lab_max_instances": {"type": "int", "default": 9},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    try:
        done = run(module)
    except (Refused, LockHeld) as problem:
        module.fail_json(msg=str(problem))
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="Could not make the fleet what it should be")
    module.exit_json(changed=any(done[kind] for kind in (*COUNTED, "profiled")), **done)


if __name__ == "__main__":
    main()
