"""Ansible lookup: the AWS credentials this machine uses, wherever they come from."""

from __future__ import annotations

DOCUMENTATION = r"""
name: aws_credentials
short_description: The AWS credentials in force on the controller
description:
  - Asks botocore, so the environment, a profile, ~/.aws, a credential process and single sign-on all work.
  - Returns one dictionary. Use it only in tasks with C(no_log).
options: {}
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

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from botocore.exceptions import BotoCoreError
from botocore.session import get_session


class LookupModule(LookupBase):
    """The lookup itself."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[dict[str, str]]:
        """Return the credentials, or fail with one sentence."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            credentials = get_session().get_credentials()
            frozen = credentials and credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise AnsibleLookupError(
                f"The AWS credentials of this machine cannot be read: {error}"
            ) from error
        if not frozen:
            raise AnsibleLookupError(
                "This machine has no AWS credentials; paste them into ~/.aws/credentials"
            )
        return [
            {
                "access_key": frozen.access_key,
                "secret_key": frozen.secret_key,
                "session_token": frozen.token or "",
            }
        ]
