"""Ansible module: a file or folder on the controller.

Documentation alone: plugins/action/local_file.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_file
short_description: Ensure that a file or folder on the controller is as it should be
description:
  - What M(ansible.builtin.copy) and M(ansible.builtin.file) do on localhost, without a process of its own.
  - A file is replaced in one step.
options:
  path:
    description: The file, in a folder that exists; or, without C(content), the folder.
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
