"""Ansible module: the project's own wheel, built on the controller.

Documentation alone: plugins/action/project_wheel.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: project_wheel
short_description: Ensure that the project's wheel is built from the sources as they are
description:
  - The build is named by a hash of the contents of its sources, so each state of them is built once.
  - Builds in check mode too. It is only a file on this machine, and without it what follows could not tell
    what would change.
options:
  project:
    description: The project's folder.
    type: path
    required: true
  sources:
    description: Folders in it whose files the wheel is made of, Python's and those of the page.
    type: list
    elements: str
    required: true
  files:
    description: Other files in it that the wheel depends on.
    type: list
    elements: str
    required: true
  folder:
    description: Where wheels are kept.
    type: path
    required: true
"""

EXAMPLES = r"""
- project_wheel:
    project: "{{ project_folder }}"
    sources: [jobs, scaling, worker, client, web]
    files: [pyproject.toml, constraints.txt, README.md]
    folder: .jobfleet/jobfleet/wheels
"""

RETURN = r"""
version:
  description: The wheel's version, with the hash of its sources.
  type: str
  returned: success
path:
  description: Where the wheel lies.
  type: str
  returned: success
"""
