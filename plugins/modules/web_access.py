"""Ansible module: the token with which a stack's page and its API are used.

Documentation alone: plugins/action/web_access.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: web_access
short_description: Ensure that there is a token for the page in the stack's bucket, or none
description:
  - Reads the token. If there is none, it makes one of 32 random bytes, in such a way that of two runs at once
    one makes it and both have the same.
  - Use it only in tasks with C(no_log).
options:
  bucket:
    description: Name of the bucket. In check mode there need be none.
    type: str
    required: true
  key:
    description: The object's key.
    type: str
    required: true
  state:
    description: Whether there is to be a token.
    type: str
    choices: [present, absent]
    default: present
  new:
    description: Whether a new token takes the place of the one that is there, which then opens nothing.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- web_access:
    bucket: jobfleet-123456789012-us-east-1
    key: web/access.json
  no_log: true
"""

RETURN = r"""
token:
  description: The token. In check mode, any that could be where there is none yet.
  type: str
  returned: when there is to be one
"""
