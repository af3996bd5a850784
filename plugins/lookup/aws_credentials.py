"""Ansible lookup: the AWS credentials this machine uses, or those in a file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: aws_credentials
short_description: The AWS credentials in force on the controller, or those in a file
description:
  - Asks botocore, so the environment, a profile, ~/.aws, a credential process and single sign-on all work.
  - With a path, the profile C(default) of that credentials file is read instead, and nothing else.
  - Returns one dictionary. Use it only in tasks with C(no_log).
options:
  _terms:
    description: Path of a credentials file; none, or an empty one, for the credentials in force.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- ansible.builtin.template:
    src: credentials.j2
    dest: /etc/jobfleet/credentials
  vars:
    credentials: "{{ lookup('aws_credentials') }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: A dictionary with access_key, secret_key and session_token (empty for keys that do not expire).
  type: list
  elements: dict
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import action_loader
from ansible.plugins.lookup import LookupBase
from botocore.credentials import SharedCredentialProvider
from botocore.exceptions import BotoCoreError, ClientError, ConfigParseError
from botocore.session import get_session

action_loader.get("in_process", class_only=True)  # from then on plugins/module_utils can be imported from

from ansible.module_utils.account.caller_identity import trouble_of
from jobfleet_jobs.credentials.file_text import what_is_wrong
from jobfleet_jobs.credentials.fitness import require_fit


class LookupModule(LookupBase):
    """The lookup itself."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[dict[str, str]]:
        """Return the credentials, or fail with one sentence."""
        self.set_options(var_options=variables, direct=kwargs)
        path = str(terms[0]).strip() if terms else ""
        try:
            credentials = read(path) if path else get_session().get_credentials()
            frozen = credentials and credentials.get_frozen_credentials()
            if frozen:
                require_fit(frozen, credentials.method or "", path or "~/.aws/credentials")
        except ConfigParseError as error:
            wrong = what_is_wrong(str(error.kwargs["path"]))
            raise AnsibleLookupError(
                f"{path} cannot be read: {wrong}" if path else trouble_of(error)
            ) from error
        except (BotoCoreError, ClientError, RuntimeError) as error:
            said = f"{path} cannot be used: {error}" if path else trouble_of(error)
            raise AnsibleLookupError(said) from error
        if not frozen:
            raise AnsibleLookupError(
                f"{path} holds no AWS credentials: it needs a section [default] with aws_access_key_id and "
                "aws_secret_access_key, as in ~/.aws/credentials"
                if path
                else "This machine has no AWS credentials; paste them into ~/.aws/credentials"
            )
        return [
            {
                "access_key": frozen.access_key,
                "secret_key": frozen.secret_key,
                "session_token": frozen.token or "",
            }
        ]


def read(path: str) -> Any:
    """Return the credentials in a file, None if it has none. Raises botocore's errors."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise AnsibleLookupError(
            f"There is no file {path}, which worker_credentials_file or web_credentials_file names"
        )
    return SharedCredentialProvider(creds_filename=str(file), profile_name="default").load()
