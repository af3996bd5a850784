"""The module `stack_object` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

preload("s3")

# In check mode there may be no bucket yet.
MISSING = ["NoSuchKey", "NoSuchBucket"]


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not ensure that the object is as it should be"

    def ask(self) -> dict[str, Any]:
        """Write the object where it is another."""
        s3, where = self.client("s3"), {"Bucket": self.params["bucket"], "Key": self.params["key"]}
        wanted = (self.params["content_type"], self.params["content"].encode())
        try:
            found = s3.get_object(**where)
            held = (found["ContentType"], found["Body"].read())
        except is_boto3_error_code(MISSING):
            held = ("", b"")
        if held == wanted:
            return {}
        if not self.check_mode:
            s3.put_object(**where, ContentType=wanted[0], Body=wanted[1])
        name = "s3://{Bucket}/{Key}".format(**where)
        return {
            "changed": True,
            "diff": {
                "before_header": name,
                "before": held[1].decode(errors="replace"),
                "after_header": name,
                "after": self.params["content"],
            },
        }
