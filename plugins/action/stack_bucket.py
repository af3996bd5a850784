"""The module `stack_bucket` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.storage.bucket_emptying import NotEmptied
from ansible.module_utils.storage.bucket_settings import ensure_absent, ensure_present
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from botocore.exceptions import BotoCoreError, ClientError

preload("s3")


class ActionModule(InProcessAws):
    """The action."""

    def ask(self) -> dict[str, Any]:
        """Make and mend the bucket, or remove it with all it holds."""
        name = self.params["name"]
        ensure = ensure_present if self.params["state"] == "present" else ensure_absent
        try:
            return ensure(self, self.client("s3"))
        except NotEmptied as problem:
            self.fail_json(msg=str(problem))
        except is_boto3_error_code(["403", "AccessDenied", "BucketAlreadyExists"]) as error:
            words = f"The bucket {name} belongs to another account, or the credentials do not allow this"
            raise self.failure(error, words) from error
        except (BotoCoreError, ClientError) as error:
            raise self.failure(error, f"Could not ensure that {name} is as it should be") from error
