"""Ansible module: a stack's bucket with all its settings, or none.

Documentation alone: plugins/action/stack_bucket.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_bucket
short_description: Ensure that a stack's bucket exists as it should be, or is gone with all it holds
description:
  - Public access is blocked, the owner enforced, everything encrypted with AES256; policy, tags and the named
    lifecycle rules and notifications are as given. Lifecycle rules and notifications of other names are left
    alone.
  - Works in check mode and returns a diff, which amazon.aws.s3_bucket does not.
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  state:
    description: C(absent) removes the bucket with all versions, delete markers and unfinished uploads.
    type: str
    choices: [present, absent]
    default: present
  policy:
    description: The bucket's policy.
    type: json
  tags:
    description: The bucket's tags, all of them.
    type: dict
    default: {}
  lifecycle:
    description: Rules by which objects are deleted after a while.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: The rule's name.
        type: str
        required: true
      prefix:
        description: What the keys begin with; empty for all.
        type: str
        default: ""
      days:
        description: Days until objects are deleted.
        type: int
      unfinished_days:
        description: Days until the parts of an unfinished upload are deleted.
        type: int
  notifications:
    description: Queues that S3 tells of every object that is made. Those of other names are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: The notification's name.
        type: str
        required: true
      prefix:
        description: What the objects' keys begin with.
        type: str
        required: true
      queue:
        description: The queue's ARN. Its policy has to let S3 send to it.
        type: str
        required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_bucket:
    name: jobfleet-123456789012-us-east-1
    policy: "{{ lookup('ansible.builtin.template', 'policy.json.j2') }}"
    tags: {"jobfleet:stack": jobfleet}
    lifecycle:
      - {id: uploads, prefix: uploads/, days: 7}
    notifications:
      - {id: drop-folder, prefix: incoming/, queue: "arn:aws:sqs:us-east-1:123456789012:jobfleet-requests"}
"""

RETURN = r"""
mended:
  description: Names of the settings that were not as given; C(bucket) where there was none.
  type: list
  elements: str
  returned: when present
"""
