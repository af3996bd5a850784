"""Ansible module: the machine images of a stack.

Documentation alone: plugins/action/stack_image.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_image
short_description: Make a machine image of a host, or remove images that are not needed any more
description:
  - With O(state=present) it shuts O(instance) down in order, makes the image, and waits until it can be used.
    The instance stays, stopped.
  - With O(state=pruned) the newest two stay, and those that instances or launch templates of the stack were
    made of. With O(state=absent) none stays. The snapshots go with their images, and so do those that a run
    left which was ended between the two, and what C(config/offers/) in O(bucket) says of the images.
options:
  state:
    description: What there shall be.
    type: str
    choices: [present, pruned, absent]
    default: present
  stack:
    description: The stack's name.
    type: str
    required: true
  bucket: {description: The stack's bucket; empty if there is none., type: str, default: ""}
  name: {description: The image's name., type: str, default: ""}
  hash: {description: Of what it holds and what it stands on., type: str, default: ""}
  content: {description: The hash of what it holds alone., type: str, default: ""}
  base: {description: The image that it stands on., type: str, default: ""}
  instance: {description: The id of the host that it is made of., type: str, default: ""}
  tags: {description: More tags of the image and its snapshots., type: dict, default: {}}
  wait_timeout:
    description: Seconds to wait until the host is off, and until the image can be used.
    type: int
    default: 1200
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- stack_image:
    state: pruned
    stack: jobfleet
"""

RETURN = r"""
id: {description: The new image's id., type: str, returned: state is present}
removed: {description: Names of the images that are gone., type: list, elements: str, returned: otherwise}
snapshots: {description: Left snapshots that are gone., type: list, elements: str, returned: otherwise}
"""
