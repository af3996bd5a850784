"""Ansible module: a file or folder on the controller.

Documentation alone: plugins/action/local_file.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_file
short_description: Ensure that a file or folder on the controller is as it should be
description:
  - M(ansible.builtin.copy) and M(ansible.builtin.file) on localhost, without a process for a look that finds nothing to
    do.
  - A file is replaced in one step.
options:
  path:
    description: The file, or the folder where no C(content) is given. A folder above it has to exist for a file.
    type: path
    required: true
  content:
    description: What the file holds.
    type: str
  mode:
    description: The permissions, as an octal number.
    type: str
    required: true
"""

EXAMPLES = r"""
- local_file:
    path: .jobfleet/jobfleet
    mode: "0700"
- local_file:
    path: .jobfleet/jobfleet/account
    content: "123456789012\n"
    mode: "0600"
"""

RETURN = r""" # """
