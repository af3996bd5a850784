"""Ansible module: look whether a deployment can succeed, before anything is made.

Documentation alone: plugins/action/preflight.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Look whether a deployment can succeed, and list all that stands against it
description:
  - Looks at credentials, account, region, instance types, network, image, instance profile, key pair,
    permissions, and at how many instances and vCPUs would run.
  - Looks at what C(site.yml) will give its roles and the worker, too, if the project's variables are there.
  - Changes nothing, and fails only if it cannot look.
options:
  stack:
    description: The stack's name.
    type: str
    required: true
  folder:
    description: Folder on this machine with the stack's keys.
    type: path
    required: true
  groups:
    description: The groups of instances that are wanted.
    type: list
    elements: dict
    required: true
  scaling:
    description: Between how many workers the fleet scales, C(min) and C(max); empty if it does not.
    type: raw
    default: {}
  keypair:
    description: Name of the key pair in AWS.
    type: str
    required: true
  keypair_replace:
    description: Whether another key pair in AWS is replaced, and the instances with it.
    type: bool
    default: false
  instance_profile:
    description: Name of an instance profile that must exist; empty for none.
    type: str
    default: ""
  copies_credentials:
    description: Whether the hosts get a copy of the credentials in force, which then must not end soon.
    type: bool
    default: false
  account_change:
    description: Whether another account than that of the last run is meant.
    type: bool
    default: false
  lab_mode:
    description: Whether the limits of a Learner Lab count (true, false, or auto to look at the caller's ARN).
    type: str
    default: auto
  lab_max_instances:
    description: How many instances may run in the region of a lab, whoever started them.
    type: int
    default: 9
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- preflight:
    stack: jobfleet
    folder: .jobfleet/jobfleet
    groups: [{name: worker, count: 1, type: t3.small}]
    keypair: jobfleet
"""

RETURN = r"""
failures:
  description: One sentence for each thing that stands against a deployment, with its mend.
  type: list
  elements: str
  returned: always
summary:
  description: What was found, in sentences.
  type: list
  elements: str
  returned: always
account:
  description: The account's number; empty where AWS does not take the credentials.
  type: str
  returned: always
arn:
  description: Who AWS says the caller is; empty where it does not take the credentials.
  type: str
  returned: always
ssh_from:
  description: The address range that SSH will be open to; empty where it could not be found.
  type: str
  returned: always
lab:
  description: Whether the limits of a Learner Lab count.
  type: bool
  returned: always
"""
