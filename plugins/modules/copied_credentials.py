"""Ansible module: whether the credentials in force live long enough to be copied to hosts.

Documentation alone: plugins/action/copied_credentials.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: copied_credentials
short_description: Fail if a copy of the credentials in force would end soon
description:
  - Credentials of C(aws login), of single sign-on, of a role or of a program renew themselves on this
    machine. A copy of them on a host ends with the keys that were copied.
options:
  arn:
    description: Who AWS says the caller is.
    type: str
    required: true
  lab_mode:
    description: Whether they are a Learner Lab's, whose blocks all end (true, false, or auto to see the ARN).
    type: str
    default: auto
"""

EXAMPLES = r"""
- copied_credentials:
    arn: "{{ account_identity.arn }}"
"""

RETURN = r"""
life:
  description: A sentence on when a copy ends, if there is something to say.
  type: str
  returned: success
"""
