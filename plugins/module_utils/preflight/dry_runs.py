"""What AWS would refuse of the calls that a run is about to make: asked with DryRun, which changes nothing.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible.module_utils.fleet.change import launch_options
from ansible.module_utils.fleet.plan import WEB, WORKER, FleetPlan, InstanceGroup
from botocore.exceptions import ClientError

ALLOWED, DENIED = "DryRunOperation", "UnauthorizedOperation"

# Security groups that are no role's: of the web hosts behind a balancer, and of the balancer itself.
BALANCED, BALANCER = "balanced", "balancer"

# The resource that a refusal is about; EC2 may put a long coded text behind.
_RESOURCE = re.compile(r"on resource: (\S+)")
_CODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)
# What a launch names later in the run, and which a rule by tags may therefore refuse now.
_MADE_LATER = re.compile(r":(security-group|key-pair)/")


@dataclass(frozen=True)
class DryRun:
    """One call to be asked for. `lacks` says that what it will name does not exist yet."""

    name: str
    call: Callable[..., Any]
    options: dict[str, Any]
    lacks: bool = False

    def refusal(self) -> tuple[str, bool]:
        """Return why AWS would refuse the call, empty if it would not, and whether that is certain."""
        try:
            self.call(**self.options, DryRun=True)
        except ClientError as problem:
            code, words = problem.response["Error"]["Code"], problem.response["Error"]["Message"]
        else:
            return "", True
        if code == ALLOWED or "iamInstanceProfile" in words:  # a profile that is missing is looked for itself
            return "", True
        words = _CODED.sub("", words).rstrip(".")
        if code != DENIED:
            return f"AWS would refuse {self.name}: {words} ({code}).", True
        resource = _RESOURCE.search(words)
        about_later = resource is None or bool(_MADE_LATER.search(resource[1]))
        if self.lacks and about_later and "explicit deny" not in words:
            return (
                f"Whether {self.name} is allowed, AWS tells once key pair and security group are there.",
                False,
            )
        text = (
            f"These credentials may not call {self.name}: {words}. Use others, or have it allowed: "
            "docs/policies holds all that a deployment needs."
        )
        return text, True


class Wanted(NamedTuple):
    """Something that a run makes by its name unless it is there, with these tags besides the stack's own."""

    name: str
    tags: dict[str, Any]
    is_there: bool


@dataclass(frozen=True)
class Stack:
    """What of a stack is there: its key pair and its security groups, by who they are for."""

    name: str
    keypair: Wanted
    groups: dict[str, Wanted]

    def tags_of(self, one: Wanted, kind: str) -> list[dict[str, Any]]:
        """Return the tags with which `one`, of a kind of resources, is made."""
        tags = {**one.tags, "jobfleet:stack": self.name}
        listed = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
        return [{"ResourceType": kind, "Tags": listed}]


def security_groups(firewall: dict[str, Any]) -> dict[str, str]:
    """Return the names of the security groups by who they are for: a role, `BALANCED` or `BALANCER`."""
    return {
        WORKER: str(firewall.get("firewall_name", "")),
        WEB: str(firewall.get("firewall_web_name", "")),
        BALANCED: str(firewall.get("firewall_balanced_name", "")),
        BALANCER: str(firewall.get("firewall_balancer_name", "")),
    }


def needed_for(group: InstanceGroup) -> str:
    """Return who the security group of a group's instances is for."""
    return BALANCED if group.balanced else group.role


def calls_of(
    ec2: Any, stack: Stack, plan: FleetPlan, groups: list[InstanceGroup], launch: dict[str, Any]
) -> list[DryRun]:
    """Return the calls that a run will make, so far as EC2 can be asked for them."""
    found = []
    if not stack.keypair.is_there:
        key = {
            "KeyName": stack.keypair.name,
            "PublicKeyMaterial": _some_key(),
            "TagSpecifications": stack.tags_of(stack.keypair, "key-pair"),
        }
        found.append(DryRun("ec2:ImportKeyPair", ec2.import_key_pair, key))
    for wanted in stack.groups.values():
        if not wanted.is_there:
            group = {
                "GroupName": wanted.name,
                "Description": "jobfleet",
                "TagSpecifications": stack.tags_of(wanted, "security-group"),
            }
            found.append(DryRun("ec2:CreateSecurityGroup", ec2.create_security_group, group))
    found += [_launch(ec2, stack, one, launch) for one in groups if plan.launch.get(one.name)]
    starting, leaving = ([one["InstanceId"] for one in some] for some in (plan.start, plan.remove))
    if starting:
        found.append(DryRun("ec2:StartInstances", ec2.start_instances, {"InstanceIds": starting}))
    if leaving:
        found.append(DryRun("ec2:TerminateInstances", ec2.terminate_instances, {"InstanceIds": leaving}))
    return found


def new_template(ec2: Any, stack: str, tags: dict[str, Any]) -> DryRun:
    """Return the call that makes a launch template."""
    listed = [{"Key": key, "Value": str(value)} for key, value in {**tags, "jobfleet:stack": stack}.items()]
    asked = {
        "LaunchTemplateName": f"{stack}-dry-run",
        "LaunchTemplateData": {"InstanceType": "t3.micro"},
        "TagSpecifications": [{"ResourceType": "launch-template", "Tags": listed}],
    }
    return DryRun("ec2:CreateLaunchTemplate", ec2.create_launch_template, asked)


def _launch(ec2: Any, stack: Stack, group: InstanceGroup, launch: dict[str, Any]) -> DryRun:
    options = {**launch_options(group, launch), "MinCount": 1, "MaxCount": 1}
    has_key, has_group = stack.keypair.is_there, stack.groups[needed_for(group)].is_there
    later = {"UserData": True, "KeyName": not has_key, "SecurityGroups": not has_group}
    options = {name: value for name, value in options.items() if not later.get(name)}
    return DryRun("ec2:RunInstances", ec2.run_instances, options, lacks=not (has_key and has_group))


def _some_key() -> bytes:
    """Return a public key that nobody has the other half of: it is never imported."""
    kind = b"ssh-ed25519"
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (kind, os.urandom(32)))
    return kind + b" " + base64.b64encode(blob)
