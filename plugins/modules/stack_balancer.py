"""Ansible module: the load balancer before groups of web hosts.

Documentation alone: plugins/action/stack_balancer.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_balancer
short_description: Ensure that one load balancer leads to a stack's groups of web hosts by their paths
description:
  - Makes an Application Load Balancer, a target group for each balanced group, listeners, and a rule for each
    path. Looks at each thing once, and mends what differs.
  - Registers the groups' hosts and waits until they are healthy, or drains those that leave.
  - Works in check mode and returns a diff, which the modules of amazon.aws and community.aws do not for
    target groups.
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  state:
    description:
      - C(present) makes the balancer, and removes it if no group is balanced. C(serving) has the running
        hosts of all balanced groups registered, and waits until the balancer is active and they are healthy.
      - C(drained) has C(leaving) registered nowhere, and waits until they have answered what they have begun.
      - C(absent) removes balancer, listeners, rules and target groups.
    type: str
    choices: [present, serving, drained, absent]
    default: present
  groups:
    description:
      - Groups of instances, as for M(fleet). Those with C(balancer) and a C(count) above 0 stand behind it,
        under their C(paths).
    type: list
    elements: dict
  leaving:
    description: Ids of the instances that are to leave.
    type: list
    elements: str
  security_group:
    description: Name of the balancer's security group in the default VPC.
    type: str
  certificate:
    description:
      - ARN of a certificate. With it the balancer is reached by TLS, and HTTP leads there.
    type: str
    default: ""
  idle_timeout:
    description: Seconds for which a connection may be silent, so also how long an answer may take to begin.
    type: int
    default: 130
  drain_seconds:
    description: Seconds that a host which leaves has for the requests that it has begun.
    type: int
    default: 15
  tags:
    description: Tags of all that is made.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds to wait until the balancer is active and its hosts are healthy, or drained.
    type: int
    default: 300
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_balancer:
    stack: jobfleet
    groups:
      - {name: cluster1, role: web, count: 5, type: t2.large, zone: us-east-1a, balancer: true}
      - {name: cluster2, role: web, count: 4, type: m4.large, zone: us-east-1b, balancer: true, paths: [/two]}
    security_group: jobfleet-balancer
"""

RETURN = r"""
dns_name:
  description: The balancer's name in DNS; empty where there is none yet.
  type: str
  returned: if the state is present or absent
name:
  description: The balancer's name in AWS.
  type: str
  returned: if the state is present or absent
urls:
  description: By group, the addresses that lead to it.
  type: dict
  returned: if the state is serving
targets:
  description: By group, its hosts and how they are.
  type: dict
  returned: if the state is serving
mended:
  description: What was made or put right.
  type: list
  elements: str
  returned: always
"""
