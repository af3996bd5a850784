"""What actions share that ask AWS in Ansible's own process.

Ansible loads a plugin before it forks the process of each task. So boto3's parts are imported once, and
what `preload` read of the services is there in all of them. A session is never shared: the credentials may
have changed since the last task.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.account.aws_configuration import USUAL
from ansible.module_utils.account.aws_session import new_session
from ansible.module_utils.account.caller_identity import why_none
from ansible.module_utils.process.failure import Failure
from ansible_collections.amazon.aws.plugins.module_utils.botocore import (
    get_aws_connection_info,
    get_aws_region,
)
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from botocore.session import Session


class ActionModule(InProcess):
    """An action that asks AWS, with the options that all of amazon.aws's modules have."""

    TROUBLE = "AWS could not be asked"
    """What to say before AWS's own words."""

    _session: Session | None = None

    def ask(self) -> dict[str, Any]:
        """Do what the task says and return its result. Raises `Failure` and botocore's errors."""
        raise NotImplementedError

    def work(self) -> dict[str, Any]:
        """Do what the task says; an error of AWS's becomes the task's failure."""
        try:
            return self.ask()
        except (BotoCoreError, ClientError) as error:
            raise self.failure(error, self.TROUBLE) from error

    def options(self) -> dict[str, Any]:
        """Return how the arguments are checked."""
        return {**aws_argument_spec(), **super().options()}

    @property
    def region(self) -> str:
        """The region, found as amazon.aws's modules find it."""
        return str(get_aws_region(self))

    def client(self, service: str) -> Any:
        """Return a client, made as amazon.aws's modules make theirs. Raises `Failure` where none can be."""
        region, endpoint, options = get_aws_connection_info(self)
        profile, given = options.pop("profile_name", None), options.pop("aws_config", None)
        config = USUAL.merge(Config(user_agent_extra=f"ansible-{self.name}")).merge(given or Config())
        try:
            if self._session is None:
                self._session = new_session()
                if profile:
                    self._session.set_config_variable("profile", profile)
            return self._session.create_client(
                service, region_name=region, endpoint_url=endpoint, config=config, **options
            )
        except NoRegionError:
            self.fail_json(
                f"The {self.name} module requires a region and none was found in configuration, "
                "environment variables or module parameters"
            )
        except (ValueError, BotoCoreError) as error:
            raise self.failure(
                error,
                "No client of AWS can be made (look into ~/.aws/config and the variables whose names begin "
                "with AWS_)",
            ) from error

    @staticmethod
    def failure(error: Exception, words: str) -> Failure:
        """Return what ends the task: `words`, the error's own, and what AWS answered.

        Of credentials that cannot be had, the sentence on them alone.
        """
        if said := why_none(error):
            return Failure(said)
        answer = getattr(error, "response", None) or {}
        return Failure(f"{words}: {error}", **camel_dict_to_snake_dict(answer))
