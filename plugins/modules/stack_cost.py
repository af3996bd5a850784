"""Ansible module: what a stack's instances cost an hour."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_cost
short_description: Tell what a stack's instances cost an hour, and for how long they have run
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  prices:
    description:
      - C(regions) the prices are for, C(instances) an hour by type, C(volumes) a GiB and month by type,
        C(address) an hour, and C(as_of), the prices' date in words.
    type: dict
    required: true
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
complete:
  description: Whether every price is known.
  type: bool
  returned: always
"""

from datetime import UTC, datetime

from ansible.module_utils.bill import Bill, make_bill
from ansible.module_utils.fleet_plan import find_ours
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import BotoCoreError, ClientError


def look(module: AnsibleAWSModule) -> Bill:
    """Ask EC2 and return the bill."""
    ec2 = module.client("ec2")
    ours = find_ours(ec2, module.params["stack"])
    ids = [one["InstanceId"] for one in ours]
    volumes = (
        ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": ids}])["Volumes"]
        if ids
        else []
    )
    return make_bill(ours, volumes, module.params["prices"], module.region, datetime.now(UTC))


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "stack": {"type": "str", "required": True},
            "prices": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        bill = look(module)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="Could not look at the stack's instances")
    module.exit_json(changed=False, lines=bill.lines, dollars=bill.dollars, complete=bill.complete)


if __name__ == "__main__":
    main()
