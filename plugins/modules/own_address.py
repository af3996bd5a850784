"""Ansible module: the address under which the internet sees the controller.

Documentation alone: plugins/action/own_address.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: own_address
short_description: Find the address range of the controller alone, as the internet sees it
description:
  - Asks a service that answers with the caller's address as plain text, without a proxy, since SSH uses none.
  - Against an embedded AWS, it is the loopback address.
options:
  service:
    description: Address of the service.
    type: str
    required: true
"""

EXAMPLES = r"""
- own_address:
    service: https://checkip.amazonaws.com
"""

RETURN = r"""
range:
  description: The address with its length of prefix, such as 203.0.113.7/32.
  type: str
  returned: success
"""
