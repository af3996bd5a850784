"""The needs of EC2's calls: mostly one action on several resources, each by its ARN."""

import re
from typing import Any

from moto.ec2.models import ec2_backends

from localcloud.iam.need import Context, Need, listed, on_each, request_tags, resource_tags, tags_in
from localcloud.iam.needs.iam import pass_role
from localcloud.iam.needs.launch_templates import OF_TEMPLATE, template_named, with_template
from localcloud.wire.call import Call

# Ids begin with what they are; only these differ from the word in the ARN.
_KINDS = {
    "i": "instance",
    "vol": "volume",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "key": "key-pair",
    "eni": "network-interface",
    "ami": "image",
    "snap": "snapshot",
    "eipalloc": "elastic-ip",
    "lt": "launch-template",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "vpc": "vpc",
    "subnet": "subnet",
}
# They may be anybody's, so their ARN names no account.
_WITHOUT_ACCOUNT = {"image", "snapshot"}

# Ids under these are what a filter, a rule or a template says, and need no permission.
_NOT_RESOURCES = ("Filter.", "IpPermissions.", "LaunchTemplateData.")

_ID = re.compile(r"([a-z]+)-[0-9a-f]+")
# What is made under another name than its ARN has.
_MADE = {"address": "elastic-ip", "snapshots": "snapshot", "launch-template-version": "launch-template"}

_READS = ("Describe", "Get", "Search")
_LAUNCHES = ("instance", "network-interface", "volume")


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    action = f"ec2:{call.operation}"
    if call.operation.startswith(_READS):
        # A few know resources, like GetConsoleOutput; policies for them are seldom narrower than this.
        return [Need(action, context={"ec2:Region": call.region})]
    here = _Place(call.region, account)
    asked = call.parameters
    common: Context = {"ec2:Region": call.region}
    own: set[str] = set()
    if call.operation == "RunInstances":
        own = {arn for arn in here.named(asked) if _kind(arn) != "launch-template"}
        common |= here.launched_from(asked)
        asked = with_template(here.backend, asked)
        resources = [*(here.arn(kind) for kind in _LAUNCHES), *here.named(asked, launch=True)]
        common["ec2:InstanceType"] = str(asked.get("InstanceType", ""))
    elif call.operation.startswith(("Create", "Import", "Allocate")) and call.operation != "CreateTags":
        resources = here.named(asked)
        if (kind := _made(call.operation)) not in map(_kind, resources):
            resources.append(here.arn(kind))
        if call.operation == "CreateImage":
            resources.append(here.arn("snapshot"))
    else:
        resources = here.named(asked) or ["*"]
    tagged = _specified_tags(asked)
    if call.operation in ("CreateTags", "DeleteTags"):
        common |= request_tags(tags_in(asked, "Tag"))
    needs = [
        Need(
            action, resource,
            common | request_tags(tagged.get(_kind(resource), {})) | here.tags(resource)
            | ({OF_TEMPLATE: "false"} if OF_TEMPLATE in common and resource in own else {}),
        )
        for resource in dict.fromkeys(resources)
    ]  # fmt: skip
    for kind, tags in tagged.items():
        context = common | request_tags(tags) | {"ec2:CreateAction": call.operation}
        needs += on_each("ec2:CreateTags", [here.arn(kind)], context)
    if call.operation == "DeregisterImage" and asked.get("DeleteAssociatedSnapshots") == "true":
        needs += on_each("ec2:DeleteSnapshot", here.snapshots(asked.get("ImageId", "")), common)
    return needs + pass_role(account, asked)


class _Place:
    """A region of an account."""

    def __init__(self, region: str, account: str) -> None:
        self._region = region
        self._account = account
        self.backend: Any = ec2_backends[account][region]

    def arn(self, kind: str, name: str = "*") -> str:
        owner = "" if kind in _WITHOUT_ACCOUNT else self._account
        return f"arn:aws:ec2:{self._region}:{owner}:{kind}/{name}"

    def named(self, asked: dict[str, Any], *, launch: bool = False) -> list[str]:
        """Return the resources that the parameters name, wherever they stand."""
        found = []
        for name, value in asked.items():
            match = _ID.fullmatch(str(value))
            if match and match[1] in _KINDS and not name.startswith(_NOT_RESOURCES):
                found.append(self.arn(_KINDS[match[1]], str(value)))
        template = template_named(self.backend, asked)
        if template is not None:
            found.append(self.arn("launch-template", template.id))
        found += [self.arn("key-pair", key) for key in listed(asked, "KeyName")]
        for parameter in ("GroupName", "SecurityGroup"):
            found += [self.arn("security-group", self._group(name)) for name in listed(asked, parameter)]
        if launch:
            # What the request does not name, EC2 takes from the default network.
            kinds = {_kind(arn) for arn in found}
            found += [self.arn(kind) for kind in ("subnet", "security-group") if kind not in kinds]
        return found

    def launched_from(self, asked: dict[str, Any]) -> Context:
        """Return the conditions of a launch that names a template; nothing of one that names none."""
        template = template_named(self.backend, asked)
        if template is None:
            return {}
        return {"ec2:LaunchTemplate": self.arn("launch-template", template.id), OF_TEMPLATE: "true"}

    def snapshots(self, image: str) -> list[str]:
        """Return the snapshots that hold what is in an image."""
        found = self.backend.amis.get(image)
        devices = found.block_device_mappings if found else []
        return [
            self.arn("snapshot", one["Ebs"]["SnapshotId"]) for one in devices if "SnapshotId" in one["Ebs"]
        ]

    def _group(self, name: str) -> str:
        groups = self.backend.groups.values()
        return next((one.id for members in groups for one in members.values() if one.name == name), "*")

    def tags(self, arn: str) -> Context:
        backend = self.backend
        name = arn.rpartition("/")[2]
        if _kind(arn) == "key-pair" and name in backend.key_pairs:
            name = backend.key_pairs[name].id
        return resource_tags(backend.tags.get(name) or {}, "ec2")


def _kind(arn: str) -> str:
    return arn.rpartition(":")[2].partition("/")[0]


def _made(operation: str) -> str:
    """Return what a call makes, as its ARN says: `CreateSecurityGroup` makes a security-group."""
    noun = re.sub(r"^(Create|Import|Allocate)", "", operation)
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", noun).lower()
    return _MADE.get(word, word)


def _specified_tags(asked: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the tags of `TagSpecification.n`, by the kind of what is tagged."""
    found: dict[str, dict[str, str]] = {}
    for name, kind in asked.items():
        if match := re.fullmatch(r"(TagSpecification\.\d+)\.ResourceType", name):
            # The same kind may be tagged by a launch and by its template.
            found[str(kind)] = found.get(str(kind), {}) | tags_in(asked, f"{match[1]}.Tag")
    return found
