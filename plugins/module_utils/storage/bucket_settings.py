"""A stack's bucket: how it is, and what makes it as it should be, or removes it."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.process.patience import BUSY_BUCKET, EVENTS_QUEUE, NEW_BUCKET, patiently
from ansible.module_utils.storage.bucket_emptying import remove_bucket
from ansible.module_utils.storage.policies import same_policy
from ansible.module_utils.storage.s3_head import spoken
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

PUBLIC_ACCESS = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OWNERSHIP = [{"ObjectOwnership": "BucketOwnerEnforced"}]
ENCRYPTION = "AES256"

# What S3 says of a setting that was never made.
UNSET = [
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucketPolicy",
    "NoSuchTagSet",
    "NoSuchLifecycleConfiguration",
]


@dataclass(frozen=True)
class Setting:
    """One setting of a bucket: its name, how it should be, how it is read, written and compared."""

    name: str
    wanted: Any
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    is_same: Callable[[Any, Any], bool] = operator.eq

    def found(self) -> Any:
        """Return how it is, None if it was never made."""
        try:
            return self.read()
        except is_boto3_error_code(UNSET):
            return None


def settings_of(s3: Any, wanted: dict[str, Any]) -> list[Setting]:
    """Return the settings of the bucket that the module's parameters `wanted` name."""
    bucket = {"Bucket": wanted["name"]}
    return [
        Setting(
            "public access",
            PUBLIC_ACCESS,
            lambda: s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"],
            lambda value: s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=value),
        ),
        Setting(
            "ownership",
            OWNERSHIP,
            lambda: s3.get_bucket_ownership_controls(**bucket)["OwnershipControls"]["Rules"],
            lambda value: s3.put_bucket_ownership_controls(**bucket, OwnershipControls={"Rules": value}),
        ),
        Setting(
            "encryption",
            ENCRYPTION,
            lambda: algorithm_in(s3.get_bucket_encryption(**bucket)),
            lambda value: s3.put_bucket_encryption(
                **bucket, ServerSideEncryptionConfiguration=encryption_with(value)
            ),
        ),
        Setting(
            "policy",
            json.loads(wanted["policy"]) if wanted["policy"] else None,
            lambda: json.loads(s3.get_bucket_policy(**bucket)["Policy"]),
            lambda value: (
                s3.put_bucket_policy(**bucket, Policy=json.dumps(value))
                if value
                else s3.delete_bucket_policy(**bucket)
            ),
            same_policy,
        ),
        Setting(
            "tags",
            {name: str(value) for name, value in wanted["tags"].items()},
            lambda: {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(**bucket)["TagSet"]},
            lambda value: s3.put_bucket_tagging(
                **bucket, Tagging={"TagSet": [{"Key": name, "Value": value[name]} for name in value]}
            ),
        ),
        Lifecycle(s3, bucket, wanted["lifecycle"]).setting(),
        Notifications(s3, bucket, wanted["notifications"]).setting(),
    ]


class Lifecycle:
    """The rules by which objects are deleted. Those of names that are not ours stay as they are."""

    def __init__(self, s3: Any, bucket: dict[str, str], wanted: list[dict[str, Any]]) -> None:
        """Take the rules as the module's parameters have them."""
        self._s3, self._bucket = s3, bucket
        self._wanted = [rule_of(rule) for rule in sorted(wanted, key=lambda rule: rule["id"])]
        self._ours = {rule["ID"] for rule in self._wanted}
        self._others: list[dict[str, Any]] = []

    def setting(self) -> Setting:
        """Return them as one setting."""
        return Setting("lifecycle", self._wanted, self._read, self._write)

    def _read(self) -> list[dict[str, Any]]:
        rules = self._s3.get_bucket_lifecycle_configuration(**self._bucket)["Rules"]
        self._others = [rule for rule in rules if rule.get("ID") not in self._ours]
        # S3 may leave out of its answer that a rule is for all keys.
        ours = [
            {**rule, "Filter": rule.get("Filter") or {"Prefix": ""}}
            for rule in rules
            if rule.get("ID") in self._ours
        ]
        return sorted(ours, key=lambda rule: str(rule["ID"]))

    def _write(self, value: list[dict[str, Any]]) -> None:
        self._s3.put_bucket_lifecycle_configuration(
            **self._bucket, LifecycleConfiguration={"Rules": [*self._others, *value]}
        )


class Notifications:
    """What S3 tells queues of. Whatever else it tells others, and under other names, stays as it is."""

    def __init__(self, s3: Any, bucket: dict[str, str], wanted: list[dict[str, Any]]) -> None:
        """Take them as the module's parameters have them."""
        self._s3, self._bucket = s3, bucket
        self._wanted = [notification_of(one) for one in sorted(wanted, key=lambda one: one["id"])]
        self._ours = {one["Id"] for one in self._wanted}
        self._others: dict[str, Any] = {}

    def setting(self) -> Setting:
        """Return them as one setting."""
        return Setting("notifications", self._wanted, self._read, self._write)

    def _read(self) -> list[dict[str, Any]]:
        found = self._s3.get_bucket_notification_configuration(**self._bucket)
        found.pop("ResponseMetadata", None)
        queues = found.pop("QueueConfigurations", [])
        self._others = {
            **found,
            "QueueConfigurations": [one for one in queues if one["Id"] not in self._ours],
        }
        ours = [lower_filter(one) for one in queues if one["Id"] in self._ours]
        return sorted(ours, key=lambda one: str(one["Id"]))

    def _write(self, value: list[dict[str, Any]]) -> None:
        queues = [*self._others.get("QueueConfigurations", []), *value]
        patiently(
            self._s3.put_bucket_notification_configuration,
            EVENTS_QUEUE,
            NEW_BUCKET,
            **self._bucket,
            NotificationConfiguration={**self._others, "QueueConfigurations": queues},
        )


def notification_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a notification as S3 has it."""
    return {
        "Id": wanted["id"],
        "QueueArn": wanted["queue"],
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": wanted["prefix"]}]}},
    }


def lower_filter(found: dict[str, Any]) -> dict[str, Any]:
    """Return a notification with its filter's names as they are sent: S3 answers them in capitals."""
    rules = found.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    lower = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in rules]
    return {**found, "Filter": {"Key": {"FilterRules": lower}}}


def rule_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a lifecycle rule as S3 has it."""
    rule = {"ID": wanted["id"], "Status": "Enabled", "Filter": {"Prefix": wanted["prefix"]}}
    if wanted["days"]:
        rule["Expiration"] = {"Days": wanted["days"]}
    if wanted["unfinished_days"]:
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": wanted["unfinished_days"]}
    return rule


def algorithm_in(answer: dict[str, Any]) -> str:
    """Return how a bucket encrypts by default."""
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    return str(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])


def encryption_with(algorithm: str) -> dict[str, Any]:
    """Return the configuration that encrypts with `algorithm` by default."""
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]}


def exists(s3: Any, name: str) -> bool:
    """Tell whether there is such a bucket."""
    try:
        # Who may ask for the one may ask for the other.
        spoken(s3.head_bucket, lambda **which: s3.list_objects_v2(**which, MaxKeys=1), Bucket=name)
    except is_boto3_error_code("404"):
        return False
    return True


def create(s3: Any, name: str, region: str) -> None:
    """Make the bucket. us-east-1 is where S3 makes one if no region is named, and may not be named."""
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        patiently(s3.create_bucket, BUSY_BUCKET, Bucket=name, **where)
    except is_boto3_error_code("BucketAlreadyOwnedByYou"):
        pass  # another machine that deploys the same stack was quicker
    patiently(s3.head_bucket, NEW_BUCKET, Bucket=name)


def ensure_present(module: Any, s3: Any) -> dict[str, Any]:
    """Make and mend the bucket; return the task's result."""
    name, dry = module.params["name"], module.check_mode
    there = exists(s3, name)
    if not there and not dry:
        create(s3, name, module.region)
    delays = (NEW_BUCKET, BUSY_BUCKET)
    settings = settings_of(s3, module.params)
    found = {
        setting.name: patiently(setting.found, *delays) if there or not dry else None for setting in settings
    }
    wrong = [setting for setting in settings if not setting.is_same(found[setting.name], setting.wanted)]
    if not dry:
        for setting in wrong:
            patiently(setting.write, *delays, value=setting.wanted)
    before = {setting.name: found[setting.name] for setting in wrong}
    after = {setting.name: setting.wanted for setting in wrong}
    mended = [*([] if there else ["bucket"]), *after]
    return {"changed": bool(mended), "mended": mended, "diff": {"before": before, "after": after}}


def ensure_absent(module: Any, s3: Any) -> dict[str, Any]:
    """Remove the bucket with all it holds; return the task's result."""
    name = module.params["name"]
    if not exists(s3, name):
        return {"changed": False}
    if not module.check_mode:
        remove_bucket(s3, name)
    return {"changed": True}
