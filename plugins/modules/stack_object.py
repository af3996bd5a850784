"""Ansible module: an object in a bucket, as text.

Documentation alone: plugins/action/stack_object.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_object
short_description: Ensure that an object in a bucket holds a text
description:
  - Reads the object and writes it where it is another. Unlike M(amazon.aws.s3_object) it returns no signed
    address, so that its diff can be shown.
options:
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  key:
    description: The object's key.
    type: str
    required: true
  content:
    description: What the object holds.
    type: str
    required: true
  content_type:
    description: Media type of the content.
    type: str
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_object:
    bucket: jobfleet-123456789012-us-east-1
    key: config/stack.json
    content: "{{ lookup('ansible.builtin.template', 'stack.json.j2') }}"
    content_type: application/json
"""

RETURN = r""" # """
