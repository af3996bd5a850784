"""Ansible module: a security group with exactly the rules that are wanted.

Documentation alone: plugins/action/stack_firewall.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_firewall
short_description: Ensure that a security group has the given rules and tags, and no others, or is not there
description:
  - Looks at the group itself, and makes it where there is none. Only where something differs,
    M(amazon.aws.ec2_security_group) is run with the same arguments, and mends it.
  - Its diff holds the rules and tags that go and those that come, and nothing of what stays.
  - A group that is to be absent is removed itself, if it carries all of O(tags). What held it may let go
    of it some moments late, so it is tried again for a while. Rules of other groups that name it, and hold
    it, are removed from those that carry O(tags).
options:
  state:
    description: Whether there is to be such a group.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: Name of the security group.
    type: str
    required: true
  description:
    description: The group's description, which AWS never changes.
    type: str
  rules:
    description: The rules for what comes in.
    type: list
    elements: dict
    suboptions: &rule
      proto:
        description: The protocol.
        type: str
        default: tcp
      ports:
        description: Ports, and ranges of ports such as 8000-8080.
        type: list
        elements: str
        required: true
      cidr_ip:
        description: The IPv4 addresses.
        type: str
      cidr_ipv6:
        description: The IPv6 addresses.
        type: str
      group_name:
        description:
          - Another security group, whose members the rule is about. Where there is none of that name, it is
            made, with the same tags and C(group_desc).
        type: str
      group_desc:
        description: The description of that group, as it is made with.
        type: str
      rule_desc:
        description: What the rule is for.
        type: str
        required: true
  rules_egress:
    description: The rules for what goes out.
    type: list
    elements: dict
    suboptions: *rule
  tags:
    description: All tags of the group. One that is to be absent may have others besides.
    type: dict
    default: {}
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_firewall:
    name: jobfleet-workers
    description: jobfleet workers
    rules:
      - {ports: [22], cidr_ip: 203.0.113.7/32, rule_desc: SSH}
    rules_egress:
      - {ports: [80, 443], cidr_ip: 0.0.0.0/0, rule_desc: Packages and AWS}
    tags: {"jobfleet:stack": jobfleet}
"""

RETURN = r""" # """
