"""Ansible module: which machine image a stack needs, and whether it has it.

Documentation alone: plugins/action/stack_image_info.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_image_info
short_description: Tell which machine image a stack needs, and whether it has it
description:
  - An image is known by a hash of what it holds, and of the image that it stands on. It carries both as tags.
  - Nothing is changed.
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  folder:
    description: The stack's folder on this machine; by it, a builder of a run on this machine is known.
    type: path
    required: true
  content:
    description:
      - What the image holds, as data. A dictionary with C(src) is a file on this machine, whose bytes count.
    type: dict
    required: true
  project:
    description: The folder that O(sources) start from.
    type: path
    required: true
  sources:
    description: Roles, and single files, whose work the image is.
    type: list
    elements: str
    required: true
  base_owner:
    description: The account that publishes the image that this one stands on.
    type: str
    required: true
  base_name:
    description: Its name, with C(*) for any letters. A new image stands on the newest.
    type: str
    required: true
  newest:
    description: Whether an image that stands on an older one is not good enough.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_image_info:
    stack: jobfleet
    folder: .jobfleet/jobfleet
    content: {wheel: jobfleet-1.0.0+abc}
    project: .
    sources: [roles/host, roles/worker]
    base_owner: "136693071363"
    base_name: debian-12-amd64-*
  register: image
"""

RETURN = r"""
id: {description: The image's id; empty where there is none., type: str, returned: success}
name: {description: The name that it has or will have., type: str, returned: success}
hash: {description: Of what it holds and what it stands on., type: str, returned: success}
content: {description: The hash of what it holds alone., type: str, returned: success}
base: {description: The image that it stands on or will., type: str, returned: success}
newest_base: {description: The newest of these., type: str, returned: success}
left_builders:
  description: Hosts that killed runs have left, which were to become an image.
  type: list
  elements: str
  returned: success
others_builders:
  description: Hosts that a run on another machine makes an image of now.
  type: list
  elements: str
  returned: success
"""
