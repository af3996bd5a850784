"""Ansible module: the host that a machine image is made of.

Documentation alone: plugins/action/image_builder.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_builder
short_description: Launch the host that a machine image is made of, or end it
description:
  - The host counts among the instances that may run, and is none of the stack's workers. It has no instance
    profile. It is terminated when it shuts itself down.
options:
  state:
    description: Whether to launch one (C(present)), or to terminate those in O(ids) (C(absent)).
    type: str
    choices: [present, absent]
    default: present
  ids:
    description: Ids of those to terminate.
    type: list
    elements: str
    default: []
  stack: {description: The stack's name., type: str, default: ""}
  name: {description: The tag C(Name)., type: str, default: ""}
  folder: {description: The stack's folder on this machine., type: path, default: ""}
  type: {description: The type of the instance., type: str, default: ""}
  image_id: {description: The image that it is launched from., type: str, default: ""}
  key_name: {description: The key pair in AWS., type: str, default: ""}
  key_mark: {description: Fingerprint of the login key., type: str, default: ""}
  security_group: {description: Name of the security group in the default VPC., type: str, default: ""}
  ssh_from: {description: Address range that uses SSH., type: str, default: ""}
  user_data: {description: What cloud-init gets., type: str, default: ""}
  volume_size: {description: GiB of the encrypted root volume., type: int, default: 8}
  cpu_credits: {description: See M(fleet)., type: str, default: standard}
  tags: {description: Tags of the instance and its volume., type: dict, default: {}}
  lab_mode: {description: Whether the limits of a Learner Lab count., type: str, default: auto}
  lab_max_instances: {description: How many instances may run in a lab's region., type: int, default: 9}
  wait_timeout: {description: Seconds to wait until it runs or is gone., type: int, default: 300}
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- image_builder:
    state: absent
    ids: [i-0123456789abcdef0]
"""

RETURN = r"""
id:
  description: Its id; empty in check mode.
  type: str
  returned: state is present
"""
