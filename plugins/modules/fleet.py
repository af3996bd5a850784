"""Ansible module: as many EC2 instances of each group as are wanted.

Documentation alone: plugins/action/fleet.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
short_description: Ensure that as many EC2 instances of each group run as are wanted
description:
  - Finds the stack's instances by their tags, launches what is missing, starts what is stopped, and
    terminates what is in C(remove) and not wanted. What is not wanted, and not in C(remove), is returned as
    C(surplus).
  - Only one run at a time changes the fleet, from whichever machine. The bucket holds the lock.
  - Heartbeats of instances that are gone are deleted.
  - What boots already is waited for, so that all that is wanted runs in the end.
  - Right before a launch or start, and after it, all running and pending instances of the region are counted.
options:
  stack:
    description: The stack's name, the tag C(jobfleet:stack).
    type: str
    required: true
  name:
    description: The tag C(Name) of the workers.
    type: str
    required: true
  web_name:
    description: The tag C(Name) of the web hosts; needed if there are any.
    type: str
    default: ""
  groups:
    description:
      - Dictionaries with C(name), C(count), C(type), C(zone), C(market) (on-demand or spot), C(role)
        (worker or web), and of web hosts behind a balancer C(balancer) and C(paths).
    type: list
    elements: dict
    required: true
  roles:
    description:
      - Instances of these roles are looked after; all others stay as they are. Those that scale
        (tag C(jobfleet:scaled)) always do.
    type: list
    elements: str
    choices: [worker, web]
    default: [worker, web]
  scaling_max:
    description: How many hosts scaling may launch; a lab's limit has to leave room for them.
    type: int
    default: 0
  remove:
    description: Ids of the instances that may be terminated; their workers hold no jobs any more.
    type: list
    elements: str
    default: []
  replace_other_keys:
    description: Whether instances that were launched with another login key than C(key_mark) are replaced.
    type: bool
    default: false
  bucket:
    description: The bucket that holds the lock and the workers' heartbeats. In check mode there need be none.
    type: str
    required: true
  image_owner:
    description: The account that publishes the image.
    type: str
    required: true
  image_name:
    description: Name of the image, with C(*) for any letters. The newest is taken.
    type: str
    required: true
  image_id:
    description: The id of an image, which the workers are launched from instead; empty for none.
    type: str
    default: ""
  key_name:
    description: The key pair in AWS.
    type: str
    required: true
  key_mark:
    description: Fingerprint of the login key, kept in the tag C(jobfleet:key).
    type: str
    required: true
  security_group:
    description: Name of the workers' security group in the default VPC.
    type: str
    required: true
  web_security_group:
    description: Name of the web hosts' security group there; needed if there are any.
    type: str
    default: ""
  balanced_security_group:
    description:
      - Name of the security group of web hosts behind the balancer; needed if there are any. A web host that
        has the other one gets its own, without a new launch.
    type: str
    default: ""
  instance_profile:
    description: Name of the instance profile; empty for none.
    type: str
    default: ""
  cpu_credits:
    description:
      - C(standard) lets burstable instances (types that begin with t) use the CPU credits they have earned,
        C(unlimited) more than that, which AWS charges. Those that run are changed too. Empty leaves it to
        AWS, which takes C(unlimited) for all but t2.
    type: str
    choices: [standard, unlimited, ""]
    default: standard
  ssh_from:
    description:
      - Address range that uses SSH. Unless it is a private one, instances need public addresses.
    type: str
    default: ""
  user_data:
    description: What cloud-init gets.
    type: str
    required: true
  volume_size:
    description: GiB of the encrypted root volume.
    type: int
    required: true
  tags:
    description: Tags of the instances and their volumes, besides C(Name).
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
  wait_timeout:
    description: Seconds to wait until the instances run, and until others are terminated.
    type: int
    default: 300
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- fleet:
    stack: jobfleet
    name: jobfleet-worker
    groups: [{name: worker, count: 2, type: t3.small}]
    bucket: jobfleet-123456789012-us-east-1
    image_owner: "136693071363"
    image_name: debian-12-amd64-*
    key_name: jobfleet
    key_mark: SHA256:x
    security_group: jobfleet-workers
    user_data: "#cloud-config"
    volume_size: 8
"""

RETURN = r"""
launched:
  description: Ids of the instances that were launched. In check mode, a group's name for each.
  type: list
  elements: str
  returned: always
started:
  description: Ids of the stopped instances that were started.
  type: list
  elements: str
  returned: always
terminated:
  description: Ids of the instances that were terminated.
  type: list
  elements: str
  returned: always
regrouped:
  description: Ids of web hosts that got the security group of their kind.
  type: list
  elements: str
  returned: always
profiled:
  description: Ids of the instances that were there without the instance profile and were given it.
  type: list
  elements: str
  returned: always
credited:
  description: Ids of the instances that were there with other CPU credits and were given those wanted.
  type: list
  elements: str
  returned: always
forgotten:
  description: Ids of instances that are gone and had left a heartbeat, which is deleted.
  type: list
  elements: str
  returned: always
booting:
  description: Ids of the instances that were booting already, and are waited for.
  type: list
  elements: str
  returned: always
running:
  description: By id, the addresses of the stack's instances that run in the end.
  type: dict
  returned: always
surplus:
  description: Ids of the instances that are not wanted and are still there.
  type: list
  elements: str
  returned: always
"""
