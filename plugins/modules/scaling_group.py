"""Ansible module: a fleet of workers that scales by itself, through EC2 Auto Scaling groups.

Documentation alone: plugins/action/scaling_group.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: scaling_group
short_description: Ensure that a stack's workers scale by themselves, are stopped, or do not scale
description:
  - Makes a launch template and an EC2 Auto Scaling group for each group of workers, with a hook that lets
    hosts finish what they have begun, and an alarm that wakes the fleet from nothing. Publishes the
    configuration that the scalers read, C(config/scaling.json) in the bucket.
  - How many hosts run is the scalers' to say. So the desired capacity and the instances are no difference,
    unless new bounds leave them out.
  - A new version of a template is made only if it would launch something else.
  - If the account refuses Auto Scaling groups, tries again for C(refusal_patience). Then the fleet scales by
    plain launches from the same templates, and the next run tries groups again.
  - Works in check mode and returns a diff, which amazon.aws and community.aws do not for groups, hooks and
    alarms of metric maths.
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  state:
    description:
      - C(present) makes the fleet scale. C(stopped) ends all its hosts, drained, and launches none until
        C(present). C(absent) ends them too, and removes all that belongs to the scaling.
    type: str
    choices: [present, stopped, absent]
    default: present
  drain:
    description:
      - Whether hosts finish their jobs before C(absent) ends them. If not, whoever runs this terminates the
        instances, and everything is looked for, also where no configuration says that the fleet scales.
    type: bool
    default: true
  bucket:
    description: The bucket that holds the configuration and the workers' heartbeats.
    type: str
    required: true
  groups:
    description:
      - Dictionaries with C(name), C(count), C(type), C(zone), C(market) (on-demand or spot) and C(role).
        Those of workers scale. The count of a group is its weight, its share of the fleet.
    type: list
    elements: dict
  limits:
    description: Between how many hosts the fleet scales, all groups together, and how it weighs.
    type: dict
    suboptions:
      min:
        description: How many hosts run at least.
        type: int
        required: true
      max:
        description: How many hosts run at most.
        type: int
        required: true
      clear:
        description: Seconds in which a backlog shall be done.
        type: float
      window:
        description: Seconds over which the arriving work is averaged.
        type: float
      boot:
        description: Seconds that a host takes from its launch to its first job.
        type: float
  queue:
    description: Name of the queue of requests.
    type: str
  name:
    description: The tag C(Name) of the hosts.
    type: str
  image_id:
    description: The image that hosts are launched from. In check mode it may be empty.
    type: str
  image_hash:
    description: By which clients find what hosts of that image offer. Empty where nobody knows.
    type: str
    default: ""
  user_data:
    description: What cloud-init gets.
    type: str
  security_group:
    description: Name of the workers' security group in the default VPC.
    type: str
  key_name:
    description: The key pair in AWS.
    type: str
  key_mark:
    description: Fingerprint of the login key, kept in the tag C(jobfleet:key).
    type: str
  instance_profile:
    description: Name of the instance profile; empty for none.
    type: str
    default: ""
  cpu_credits:
    description: CPU credits of burstable instances, as for M(fleet).
    type: str
    choices: [standard, unlimited, ""]
    default: standard
  ssh_from:
    description:
      - Address range that uses SSH. Unless it is a private one, only subnets count whose hosts get public
        addresses.
    type: str
    default: ""
  volume_size:
    description: GiB of the encrypted root volume.
    type: int
    default: 8
  tags:
    description: Tags of all that is made, and of the hosts.
    type: dict
    default: {}
  lab_mode:
    description: Whether the limits of a Learner Lab count (true, false, or auto to look at the caller's ARN).
    type: str
    default: auto
  lab_max_instances:
    description: How many instances may run in the region of a lab, whoever started them.
    type: int
    default: 9
  refusal_patience:
    description: Seconds for which groups are tried again that the account refuses.
    type: int
    default: 60
  wait_timeout:
    description: Seconds that hosts may take to leave, and the first to be alive, if C(limits.min) is not 0.
    type: int
    default: 900
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- scaling_group:
    stack: jobfleet
    bucket: jobfleet-123456789012-us-east-1
    groups: [{name: worker, type: t3.small}]
    limits: {min: 0, max: 6}
    queue: jobfleet-requests
    name: jobfleet-worker
    image_id: ami-0123456789abcdef0
    user_data: "#cloud-config"
    security_group: jobfleet-workers
    key_name: jobfleet
    key_mark: SHA256:x
    instance_profile: LabInstanceProfile
"""

RETURN = r"""
mode:
  description: C(groups), or C(plain) if the account refuses Auto Scaling groups.
  type: str
  returned: when present
versions:
  description: By name, the version of each launch template that hosts are launched from.
  type: dict
  returned: when present
alive:
  description: Ids of the hosts whose workers report. Empty in check mode.
  type: list
  elements: str
  returned: when present
came_in:
  description: Seconds that the last host took from its launch until it took jobs. 0 if no scaler has told it.
  type: float
  returned: when present
mended:
  description: What was not as given, in words.
  type: list
  elements: str
  returned: always
"""
