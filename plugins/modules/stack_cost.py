"""Ansible module: what a stack's instances cost an hour.

Documentation alone: plugins/action/stack_cost.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_cost
short_description: Tell what a stack's instances and balancer cost an hour, and where the page is
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  prices:
    description:
      - C(regions) the prices are for, C(instances) an hour by type, C(volumes) a GiB and month by type,
        C(address) an hour, C(credits) a vCPU-hour by family of types,
        C(balancer) and C(balancer_unit) an hour, and C(as_of), the prices' date in
        words.
    type: dict
    required: true
  bucket:
    description: The stack's bucket, where it stands whether it scales; empty if that is not asked.
    type: str
    default: ""
  volume_size:
    description: GiB of the volume of a host that scales.
    type: int
    default: 8
  web_on_workers:
    description: Whether the page is on the first worker.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_cost:
    stack: jobfleet
    prices:
      as_of: January 2026
      regions: [us-east-1]
      instances: {t3.small: 0.0208}
      volumes: {gp3: 0.08}
      address: 0.005
      credits: {t3: 0.05}
"""

RETURN = r"""
lines:
  description: What there is and what it costs, in sentences.
  type: list
  elements: str
  returned: always
dollars:
  description: What all with a known price costs an hour.
  type: float
  returned: always
web:
  description: The addresses of the running instances that show the page.
  type: list
  elements: str
  returned: always
balanced:
  description: The addresses that lead to the page through the balancer.
  type: list
  elements: str
  returned: always
complete:
  description: Whether every price is known.
  type: bool
  returned: always
"""
