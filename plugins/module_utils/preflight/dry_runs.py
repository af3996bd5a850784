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
from ansible.module_utils.fleet.plan import FleetPlan, InstanceGroup
from botocore.exceptions import ClientError

ALLOWED, DENIED = "DryRunOperation", "UnauthorizedOperation"

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
    """What of a stack is there: its key pair and its security group."""

    name: str
    keypair: Wanted
    group: Wanted

    def tags_of(self, one: Wanted, kind: str) -> list[dict[str, Any]]:
        """Return the tags with which `one`, of a kind of resources, is made."""
        tags = {**one.tags, "jobfleet:stack": self.name}
        listed = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
        return [{"ResourceType": kind, "Tags": listed}]


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
    if not stack.group.is_there:
        group = {
            "GroupName": stack.group.name,
            "Description": "jobfleet workers",
            "TagSpecifications": stack.tags_of(stack.group, "security-group"),
        }
        found.append(DryRun("ec2:CreateSecurityGroup", ec2.create_security_group, group))
    lacks = not (stack.keypair.is_there and stack.group.is_there)
    for one in groups:
        if plan.launch.get(one.name):
            options = launch_options(one, launch)
            del options["UserData"]
            if not stack.keypair.is_there:
                del options["KeyName"]
            if not stack.group.is_there:
                del options["SecurityGroups"]
            options |= {"MinCount": 1, "MaxCount": 1}
            found.append(DryRun("ec2:RunInstances", ec2.run_instances, options, lacks))
    starting, leaving = ([one["InstanceId"] for one in some] for some in (plan.start, plan.remove))
    if starting:
        found.append(DryRun("ec2:StartInstances", ec2.start_instances, {"InstanceIds": starting}))
    if leaving:
        found.append(DryRun("ec2:TerminateInstances", ec2.terminate_instances, {"InstanceIds": leaving}))
    return found


def _some_key() -> bytes:
    """Return a public key that nobody has the other half of: it is never imported."""
    kind = b"ssh-ed25519"
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (kind, os.urandom(32)))
    return kind + b" " + base64.b64encode(blob)
