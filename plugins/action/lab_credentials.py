"""The module `lab_credentials` in Ansible's own process."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.account.aws_session import new_session, preload
from ansible.module_utils.account.caller_identity import who
from ansible.module_utils.account.controller_keys import remembered_account
from ansible.module_utils.account.credentials_repair import (
    is_garbled,
    is_in_the_way,
    is_mended,
    keep_beside,
    repaired,
)
from ansible.module_utils.account.lab_block import BadBlock, CredentialsBlock, block_of, parse, put_into
from jobfleet_jobs.credentials.file_text import decode, what_is_wrong

preload("sts", "ec2")

# They would be used instead of the file.
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Check the block and put it in force; without a block, repair the file that all tools read."""
        if not self.params["file"]:
            return self._repair()
        block = self._block()
        caller = self._caller_of(block)
        changed, profile = self._put_in_force(block)
        return {"changed": changed, "profile": profile, "account": caller["account"], "arn": caller["arn"]}

    def _repair(self) -> dict[str, Any]:
        """Make the credentials file whole if it is in the way, and if AWS takes what can be read from it.

        What AWS's tools can read is in nobody's way with a profile that is not in force.
        """
        path = _credentials_file()
        data = path.read_bytes() if path.is_file() else b""
        profile = os.environ.get("AWS_PROFILE") or "default"
        if not is_in_the_way(data, "" if os.environ.get(VARIABLES[0]) else profile):
            return {"profile": profile, "account": "", "arn": ""}
        text = repaired(data)
        wrong = what_is_wrong(path) or "a line of keys has something in it that none has"
        if not is_mended(text, profile):
            self.fail_json(
                msg=f"{path} cannot be used: {wrong}. No whole block for profile {profile} can be read from "
                "it: paste the lab's block into a file, and run this again with "
                "-e credentials_file=FILE."
            )
        block = block_of(text, profile)
        # Keys that do not expire are nobody's block, and AWS is asked for them next in any case.
        caller = self._caller_of(block) if block else {"account": "", "arn": ""}
        if not self.check_mode:
            _write(keep_beside(path), data)
            _write(path, text.encode())
        return {"changed": True, "profile": profile, "repaired": wrong, **caller}

    def _block(self) -> CredentialsBlock:
        """Return the block in the file, or fail with one sentence."""
        path = self.params["file"]
        try:
            return parse(decode(Path(path).read_bytes()))
        except OSError as problem:
            self.fail_json(msg=f"The credentials in {path} cannot be read: {problem.strerror}.")
        except BadBlock as problem:
            self.fail_json(msg=f"{path} holds no block of credentials as a lab shows it: {problem}.")
        raise AssertionError  # fail_json raises

    def _caller_of(self, block: CredentialsBlock) -> dict[str, str]:
        """Return whose block it is; fail where AWS does not take it, or where the account is another."""
        # The profile that AWS_PROFILE names may be about to be made.
        session = new_session(heeds_profile=False)
        # It may be garbled, and be mended only if AWS takes the block.
        session.set_config_variable("credentials_file", os.devnull)
        session.set_credentials(block.access_key, block.secret_key, block.session_token)
        caller, trouble = who(partial(session.create_client, region_name=self.params["region"]))
        if caller is None:
            self.fail_json(msg=f"The credentials in {self._source} were not put in force. {trouble}")
        account, wanted = str(caller["account"]), remembered_account(Path(self.params["folder"]))
        if wanted not in ("", account) and not self.params["account_change"]:
            self.fail_json(
                msg=f"The credentials in {self._source} belong to account {account}, and the stack on "
                f"this machine is in account {wanted}: with them everything would be new (bucket, queues, "
                "instances), nothing of the old account comes along, and what runs there still costs. They "
                "were not put in force. Take the block of the old account, or go on with "
                "-e account_change=true."
            )
        return caller

    def _put_in_force(self, block: CredentialsBlock) -> tuple[bool, str]:
        """Write the block; return whether that changed anything, and the profile."""
        in_the_way = [name for name in VARIABLES if os.environ.get(name)]
        if in_the_way:
            self.fail_json(
                msg=f"{' and '.join(in_the_way)} in the environment would be used instead of the credentials "
                f"in {self.params['file']}: `unset {' '.join(in_the_way)}`, and run this again."
            )
        profile = os.environ.get("AWS_PROFILE") or "default"
        path = _credentials_file()
        data = path.read_bytes() if path.is_file() else b""
        before = repaired(data)
        try:
            after = put_into(before, profile, block)
        except BadBlock as problem:
            self.fail_json(
                msg=f"The credentials in {self.params['file']} were not put in force: in {path}, {problem}. "
                "Name another profile with AWS_PROFILE."
            )
        changed = after.encode() != data
        if changed and not self.check_mode:
            if is_garbled(data):
                _write(keep_beside(path), data)
            _write(path, after.encode())
        return changed, profile

    @property
    def _source(self) -> str:
        return str(self.params["file"] or _credentials_file())


def _credentials_file() -> Path:
    return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser().resolve()


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, in one step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes a file that only its owner may read.
    handle, beside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(beside).replace(path)
