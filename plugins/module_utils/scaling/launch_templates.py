"""Launch templates: a new version where something differs, and old versions go."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

from ansible.module_utils.fleet.change import launch_options
from ansible.module_utils.fleet.plan import SCALED_TAG, InstanceGroup
from ansible.module_utils.process.patience import NEW_TEMPLATE, patiently
from ansible.module_utils.scaling.changes import Changes
from botocore.exceptions import ClientError

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
MISSING = "InvalidLaunchTemplateName.NotFoundException"

# The one in use, and the one that hosts may still be of which are exchanged one by one.
KEPT_VERSIONS = 2

# What stands for the number of a version in check mode.
NEW_VERSION = "(new)"


def template_data(group: InstanceGroup, params: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a template that launches hosts of `group`.

    `params` are what `launch_options` takes, with `security_group_id`. The zone is the Auto Scaling group's,
    and that of whoever launches from the template.
    """
    tags = {**params["tags"], SCALED_TAG: "true"}
    options = launch_options(replace(group, zone=""), {**params, "tags": tags})
    # By id: a name is refused beside a subnet, which a group always names.
    del options["SecurityGroups"]
    options["SecurityGroupIds"] = [params["security_group_id"]]
    options["UserData"] = base64.b64encode(params["user_data"].encode()).decode()
    if group.market != "spot":
        # Nobody starts a scaled host again: one that powers itself off is gone.
        options["InstanceInitiatedShutdownBehavior"] = "terminate"
    return options


class Templates:
    """The launch templates of one stack."""

    def __init__(self, ec2: Any, tags: dict[str, str], changes: Changes) -> None:
        self._ec2, self._changes = ec2, changes
        self._tags = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]

    def ensure(self, name: str, data: dict[str, Any]) -> str:
        """Return the version that launches with `data`, the newest; in check mode perhaps `NEW_VERSION`."""
        held = self._versions(name)
        newest = held[0] if held else None
        mark = _mark(data)
        if newest is None or newest.get("VersionDescription") != mark or not _covers(newest, data):
            told = _shown(newest["LaunchTemplateData"]) if newest else None
            self._changes.ensure(
                f"launch template {name}",
                told,
                _shown(data),
                lambda: self._make(name, data, mark, bool(held)),
            )
            if self._changes.dry:
                return NEW_VERSION
            held = self._versions(name)
        latest = str(held[0]["VersionNumber"])
        default = next((str(one["VersionNumber"]) for one in held if one.get("DefaultVersion")), "")
        self._changes.ensure(
            f"default version of launch template {name}", default, latest,
            lambda: self._ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion=latest),
        )  # fmt: skip
        self._prune(name, [str(one["VersionNumber"]) for one in held[KEPT_VERSIONS:]])
        return latest

    def remove(self, names: list[str]) -> None:
        """Delete templates with all their versions."""
        for name in names:
            self._changes.ensure(
                f"launch template {name}", name, None,
                lambda name=name: self._ec2.delete_launch_template(LaunchTemplateName=name),
            )  # fmt: skip

    def _make(self, name: str, data: dict[str, Any], mark: str, is_there: bool) -> None:
        asked = {"LaunchTemplateName": name, "VersionDescription": mark, "LaunchTemplateData": data}
        if is_there:
            made = self._ec2.create_launch_template_version(**asked)["LaunchTemplateVersion"]
            version = str(made["VersionNumber"])
            self._ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion=version)
            return
        tagged = [{"ResourceType": "launch-template", "Tags": self._tags}]
        self._ec2.create_launch_template(**asked, TagSpecifications=tagged)
        patiently(self._ec2.describe_launch_template_versions, NEW_TEMPLATE, LaunchTemplateName=name)

    def _versions(self, name: str) -> list[dict[str, Any]]:
        """Return all versions of a template, the newest first."""
        pages = self._ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateName=name)
        try:
            found = [one for page in pages for one in page["LaunchTemplateVersions"]]
        except ClientError as problem:
            if problem.response["Error"]["Code"] != MISSING:
                raise
            return []
        return sorted(found, key=lambda one: int(one["VersionNumber"]), reverse=True)

    def _prune(self, name: str, old: list[str]) -> None:
        self._changes.ensure(
            f"old versions of launch template {name}", old, [],
            lambda: self._ec2.delete_launch_template_versions(LaunchTemplateName=name, Versions=old),
        )  # fmt: skip


def templates_of(ec2: Any, tag: str, value: str) -> list[str]:
    """Return the names of the templates that carry a tag."""
    tagged = [{"Name": f"tag:{tag}", "Values": [value]}]
    pages = ec2.get_paginator("describe_launch_templates").paginate(Filters=tagged)
    return sorted(one["LaunchTemplateName"] for page in pages for one in page["LaunchTemplates"])


def _mark(data: dict[str, Any]) -> str:
    """Return what the description of a version says: EC2 adds its own values to the data that it returns."""
    return f"jobfleet {hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]}"


def _covers(version: dict[str, Any], data: dict[str, Any]) -> bool:
    """Tell whether a version launches with `data`, whatever EC2 has added to it."""
    return _is_in(data, version["LaunchTemplateData"])


def _is_in(wanted: Any, held: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(_is_in(value, held.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(held, list) and all(any(_is_in(one, other) for other in held) for one in wanted)
    return str(wanted).lower() == str(held).lower()


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data without the hosts' private key."""
    secret = hashlib.sha256(str(data.get("UserData", "")).encode()).hexdigest()[:12]
    return {**data, "UserData": f"(hidden, SHA-256 {secret}\u2026)"}
