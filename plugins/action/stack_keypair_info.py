"""The module `stack_keypair_info` in Ansible's own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.account.controller_keys import KEYS, is_fit, mark_of, public_key
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

preload("ec2")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Failed to list EC2 key pairs"

    def ask(self) -> dict[str, Any]:
        """Return what AWS holds and what lies here."""
        folder, name = Path(self.params["folder"]), self.params["name"]
        return {
            "held": self._held(name),
            "private_here": (folder / KEYS[0]).exists(),
            "unfit": [key for key in KEYS if not is_fit(folder / key, name)],
            "public_keys": {key: " ".join(public_key(folder / key)[:2]) for key in KEYS},
            "mark": mark_of(folder),
        }

    def _held(self, name: str) -> list[dict[str, Any]]:
        try:
            pairs = self.client("ec2").describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
        except is_boto3_error_code("InvalidKeyPair.NotFound"):
            return []
        return [
            {
                "public_key": pair.get("PublicKey", ""),
                "tags": {tag["Key"]: tag["Value"] for tag in pair.get("Tags", [])},
            }
            for pair in pairs
        ]
