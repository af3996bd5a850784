"""Ansible module: everything in a region that carries a stack's tag.

Documentation alone: plugins/action/stack_info.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: List everything in a region that carries a tag
description:
  - Asks each service itself, since the tagging API lags behind and a lab may not allow it.
  - Terminated instances do not count.
options:
  tag:
    description: The tag's key.
    type: str
    required: true
  value:
    description: The tag's value.
    type: str
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_info:
    tag: jobfleet:stack
    value: jobfleet
"""

RETURN = r"""
instances:
  description: Ids of the instances that are not terminated.
  type: list
  elements: str
  returned: always
volumes:
  description: Ids of the volumes.
  type: list
  elements: str
  returned: always
images:
  description: Ids of the account's own images.
  type: list
  elements: str
  returned: always
snapshots:
  description: Ids of the snapshots.
  type: list
  elements: str
  returned: always
security_groups:
  description: Names of the security groups.
  type: list
  elements: str
  returned: always
key_pairs:
  description: Names of the key pairs.
  type: list
  elements: str
  returned: always
launch_templates:
  description: Names of the launch templates.
  type: list
  elements: str
  returned: always
scaling_groups:
  description: Names of the Auto Scaling groups.
  type: list
  elements: str
  returned: always
load_balancers:
  description: Names of the load balancers.
  type: list
  elements: str
  returned: always
target_groups:
  description: Names of their target groups.
  type: list
  elements: str
  returned: always
alarms:
  description: Names of the alarms.
  type: list
  elements: str
  returned: always
queues:
  description: Names of the queues.
  type: list
  elements: str
  returned: always
queue_urls:
  description: URLs of the same queues.
  type: list
  elements: str
  returned: always
buckets:
  description: Names of the buckets.
  type: list
  elements: str
  returned: always
"""
