"""Ansible module: whose credentials are in force.

Documentation alone: plugins/action/stack_caller.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_caller
short_description: Ask AWS whose credentials are in force
description:
  - What M(amazon.aws.aws_caller_info) tells, but for the account's alias, which takes a permission more.
options: {}
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_caller:
    region: us-east-1
"""

RETURN = r"""
account:
  description: The account's number.
  type: str
  returned: success
arn:
  description: Who AWS says the caller is.
  type: str
  returned: success
"""
