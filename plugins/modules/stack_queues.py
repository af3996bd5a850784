"""Ansible module: SQS queues with the settings a stack needs, encrypted by SQS itself.

Documentation alone: plugins/action/stack_queues.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_queues
short_description: Ensure that a stack's queues exist with their settings, or are gone
description:
  - The attributes and tags that are given are put back where somebody changed them; attributes that are not
    given are left alone. All queues are encrypted with keys that SQS manages, unless one is with a KMS key.
  - Works in check mode and returns a diff of each attribute, which community.aws.sqs_queue does not; that
    has no option for this encryption either.
options:
  queues:
    description: The queues that are wanted, in the order in which they are made.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The queue's name.
        type: str
        required: true
      attributes:
        description: Attributes under SQS's own names; C(Policy) and C(RedrivePolicy) as dictionaries or JSON.
        type: dict
        default: {}
  urls:
    description: URLs of the queues that have to be gone, where C(state) is C(absent).
    type: list
    elements: str
    default: []
  state:
    description: Whether they exist.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description: All tags that each queue has.
    type: dict
    default: {}
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_queues:
    queues:
      - {name: jobfleet-requests, attributes: {VisibilityTimeout: 60}}
    tags: {"jobfleet:stack": jobfleet}
"""

RETURN = r"""
mended:
  description: By queue, the names of what was not as given; C(queue) where there was none.
  type: dict
  returned: when present
"""
