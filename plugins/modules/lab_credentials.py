"""Ansible module: a pasted block of credentials, checked and put in force on this machine.

Documentation alone: plugins/action/lab_credentials.py does the work.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_credentials
short_description: Check a pasted block of credentials with AWS and put it in force on this machine
description:
  - Reads the block that a lab shows from a file, asks AWS whose it is, and only then writes it to the
    file that every AWS tool reads (AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials), in one step and
    with mode 0600.
  - Takes it in any encoding, with any line ends.
  - Other profiles and settings in there stay. Keys that do not expire are never overwritten.
  - Never returns a secret.
options:
  file:
    description:
      - The file that holds the block. Without one, the file that every AWS tool reads is repaired if it is
        garbled and a whole block can be read from it; it is kept beside with the ending C(.garbled).
    type: path
    default: ""
  folder:
    description: Folder on this machine with the stack's keys, where the last run noted its account.
    type: path
    required: true
  account_change:
    description: Whether another account is meant.
    type: bool
    default: false
  region:
    description: The region whose AWS is asked.
    type: str
    required: true
"""

EXAMPLES = r"""
- lab_credentials:
    region: us-east-1
    file: ~/Downloads/block.txt
    folder: .jobfleet/jobfleet
"""

RETURN = r"""
account:
  description: The account the block belongs to.
  type: str
  returned: success
arn:
  description: Who AWS says the caller is.
  type: str
  returned: success
profile:
  description: The profile it was written to.
  type: str
  returned: success
repaired:
  description: What was wrong with the file that was repaired.
  type: str
  returned: when it was
"""
