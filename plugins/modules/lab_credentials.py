"""Ansible module: a pasted block of credentials, checked and put in force on this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_credentials
short_description: Check a pasted block of credentials with AWS and put it in force on this machine
description:
  - Reads the block that a lab shows from a file, asks AWS whose it is, and only then writes it to the
    file that every AWS tool reads (AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials), in one step and
    with mode 0600.
  - Other profiles and settings in there stay. Keys that do not expire are never overwritten.
  - Never returns a secret.
options:
  file:
    description: The file that holds the block.
    type: path
    required: true
  folder:
    description: Folder on this machine with the stack's keys, where the last run noted its account.
    type: path
    required: true
  account_change:
    description: Whether another account is meant.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.region.modules
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
"""

import os
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.caller import who
from ansible.module_utils.lab_block import BadBlock, Block, parse, put_into
from ansible.module_utils.local_keys import remembered_account
from botocore.session import Session

# They would be used instead of the file.
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def read_block(module: AnsibleModule) -> Block:
    """Return the block in the file, or fail with one sentence."""
    path = module.params["file"]
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        module.fail_json(msg=f"The credentials in {path} cannot be read: {problem.strerror}.")
    except (UnicodeDecodeError, BadBlock) as problem:
        module.fail_json(msg=f"{path} holds no block of credentials as a lab shows it: {problem}.")
    raise AssertionError  # fail_json ends the process


def caller_of(module: AnsibleModule, block: Block) -> dict[str, str]:
    """Return whose block it is; fail where AWS does not take it, or where the account is another."""
    # The profile that AWS_PROFILE names may be about to be made.
    session = Session(session_vars={"profile": (None, None, None, None)})
    session.set_credentials(block.access_key, block.secret_key, block.session_token)
    caller, trouble = who(session.create_client("sts", region_name=module.params["region"]))
    if caller is None:
        module.fail_json(msg=f"The credentials in {module.params['file']} were not put in force. {trouble}")
    account, wanted = str(caller["account"]), remembered_account(Path(module.params["folder"]))
    if wanted not in ("", account) and not module.params["account_change"]:
        module.fail_json(
            msg=f"The credentials in {module.params['file']} belong to account {account}, and the stack on "
            f"this machine is in account {wanted}: with them everything would be new (bucket, queues, "
            "instances), nothing of the old account comes along, and what runs there still costs. They were "
            "not put in force. Take the block of the old account, or go on with -e account_change=true."
        )
    return caller


def put_in_force(module: AnsibleModule, block: Block) -> tuple[bool, str]:
    """Write the block; return whether that changed anything, and the profile."""
    in_the_way = [name for name in VARIABLES if os.environ.get(name)]
    if in_the_way:
        module.fail_json(
            msg=f"{' and '.join(in_the_way)} in the environment would be used instead of the credentials in "
            f"{module.params['file']}: `unset {' '.join(in_the_way)}`, and run this again."
        )
    profile = os.environ.get("AWS_PROFILE") or "default"
    path = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser().resolve()
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        after = put_into(before, profile, block)
    except BadBlock as problem:
        module.fail_json(
            msg=f"The credentials in {module.params['file']} were not put in force: in {path}, {problem}. "
            "Name another profile with AWS_PROFILE."
        )
    if after != before and not module.check_mode:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes a file that only its owner may read.
        handle, beside = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(after)
        Path(beside).replace(path)
    return after != before, profile


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "file": {"type": "path", "required": True},
            "folder": {"type": "path", "required": True},
            "account_change": {"type": "bool", "default": False},
            "region": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    block = read_block(module)
    caller = caller_of(module, block)
    changed, profile = put_in_force(module, block)
    module.exit_json(changed=changed, profile=profile, account=caller["account"], arn=caller["arn"])


if __name__ == "__main__":
    main()
