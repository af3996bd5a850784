"""Ansible module: a key pair in AWS, and the keys on the controller.

Documentation alone: plugins/action/stack_keypair_info.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_keypair_info
short_description: Look at a key pair in AWS and at the keys on the controller, at once
description:
  - Says what is there, and which of the keys here M(community.crypto.openssh_keypair) has to make or mend.
options:
  name:
    description: Name of the key pair in AWS, and the comment of the keys.
    type: str
    required: true
  folder:
    description: The folder with the keys C(id_ed25519) and C(host_ed25519).
    type: path
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_keypair_info:
    name: jobfleet
    folder: .jobfleet/jobfleet
"""

RETURN = r"""
held:
  description: What AWS holds under the name, with C(public_key) and C(tags); empty if nothing.
  type: list
  elements: dict
  returned: success
private_here:
  description: Whether the private half of the login key lies here.
  type: bool
  returned: success
unfit:
  description: >-
    Names of the keys that are missing here, or lack a fitting public half, the comment or the permissions.
  type: list
  elements: str
  returned: success
public_keys:
  description: By name, type and key of the public half of each; empty where there is none.
  type: dict
  returned: success
mark:
  description: By which mark instances that know these keys are known; empty while a key is missing.
  type: str
  returned: success
"""
