"""Ansible module: packages with operations, each as what pip installs on a worker.

Documentation alone: plugins/action/operation_wheels.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_wheels
short_description: Build the wheels of packages with operations on the controller
description:
  - Takes pip requirements, wheels and folders with a pyproject.toml. Of a folder it builds a wheel, once
    for each state of its files, from a copy, so that the folder stays as it is.
  - What it returns is for C(python -m jobfleet_worker.offers.package_install) on a worker.
options:
  packages:
    description: Requirements, and paths of wheels and folders, which contain a slash.
    type: list
    elements: str
    required: true
  base:
    description: The folder that relative paths start from.
    type: path
    required: true
  folder:
    description: Where built wheels are kept.
    type: path
    required: true
"""

EXAMPLES = r"""
- operation_wheels:
    packages: [./examples/word-count, "colormath==3.0.0"]
    base: "{{ project_folder }}"
    folder: .jobfleet/jobfleet/operations
"""

RETURN = r"""
packages:
  description: >-
    Each with its `package` as pip wants it. A wheel's is its file's name, and it has the `path` and the
    `hash` of what is in it too.
  type: list
  elements: dict
  returned: success
"""
