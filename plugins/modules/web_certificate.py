"""Ansible module: a certificate of a web host, on the controller.

Documentation alone: plugins/action/web_certificate.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: web_certificate
short_description: Ensure that a web host has a certificate, signed by an authority of the stack's own
description:
  - The authority is made where there is none. Its key stays on the controller.
  - A host gets a new certificate where its addresses or names are others, near its end, and after a new
    authority.
  - Makes them in check mode too. They are only files on this machine, and without them what follows could not
    tell what would change.
options:
  folder:
    description: Where all of it lies, on the controller.
    type: path
    required: true
  name:
    description: The host, as its files are called.
    type: str
    required: true
  authority_name:
    description: What the authority is called, for people.
    type: str
    required: true
  hosts:
    description: The addresses and names that the certificate is for.
    type: list
    elements: str
    required: true
  days:
    description: How long a certificate is good for.
    type: int
    required: true
  renew_days:
    description: How many days before the end a new one is made.
    type: int
    required: true
"""

EXAMPLES = r"""
- web_certificate:
    folder: .jobfleet/jobfleet
    name: i-0123456789abcdef0
    authority_name: jobfleet
    hosts: [203.0.113.7, page.example.org]
    days: 365
    renew_days: 30
  register: made
"""

RETURN = r"""
authority: {description: The file that clients are told to trust., type: str, returned: success}
certificate: {description: The file with the host's certificate., type: str, returned: success}
key: {description: The file with the host's key., type: str, returned: success}
why: {description: Why a new certificate is made., type: str, returned: changed}
"""
