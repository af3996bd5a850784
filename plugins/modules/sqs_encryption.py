"""Ansible module: SQS queues encrypted at rest with keys that SQS manages."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sqs_encryption
short_description: Ensure that SQS queues are encrypted at rest with keys that SQS manages (SSE-SQS)
description:
  - community.aws.sqs_queue has no option for SSE-SQS, and passes over an existing queue's encryption.
  - A queue that is encrypted with a KMS key already is left as it is.
options:
  names:
    description: Names of the queues.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- sqs_encryption:
    names: [jobfleet-requests]
"""

RETURN = r"""
mended:
  description: Names of the queues that were not encrypted and are now.
  type: list
  elements: str
  returned: always
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import BotoCoreError, ClientError

NO_SUCH_QUEUE = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"]


def is_encrypted(sqs: Any, url: str) -> bool:
    """Tell whether the queue at `url` is encrypted at rest, with whichever key."""
    names = ["SqsManagedSseEnabled", "KmsMasterKeyId"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names).get("Attributes", {})
    return attributes.get("SqsManagedSseEnabled") == "true" or bool(attributes.get("KmsMasterKeyId"))


def ensure_encrypted(sqs: Any, name: str, *, check_mode: bool) -> bool:
    """Encrypt the queue `name` if it is not, and tell whether it was not."""
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except is_boto3_error_code(NO_SUCH_QUEUE):
        if check_mode:
            return False  # the task that makes it reports the change
        raise
    if is_encrypted(sqs, url):
        return False
    if not check_mode:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    return True


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={"names": {"type": "list", "elements": "str", "required": True}},
        supports_check_mode=True,
    )
    sqs = module.client("sqs")
    try:
        mended = [
            name
            for name in module.params["names"]
            if ensure_encrypted(sqs, name, check_mode=module.check_mode)
        ]
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="Could not ensure that the queues are encrypted")
    module.exit_json(changed=bool(mended), mended=mended)


if __name__ == "__main__":
    main()
