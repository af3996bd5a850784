"""The client's settings value by value, each with its source."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY

from jobfleet.aws import credentials_source
from jobfleet.errors import FleetError
from jobfleet.settings import settings
from jobfleet.settings.settings import Settings, SettingValue
from jobfleet.settings.variables_file import Variables

if TYPE_CHECKING:
    from jobfleet.aws.account import Account

_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"


@dataclass
class Configuration:
    """All values by name, in the order to show them. `trouble` is the first thing that is in the way."""

    values: dict[str, SettingValue]
    trouble: FleetError | None = None


def find_configuration(given: dict[str, str | None], timeout: SettingValue) -> Configuration:
    """Find everything that can be found without asking AWS. Raises `UnknownSettings` for unreadable files."""
    file = Variables(given["vars_file"])
    found = settings.locate_settings(given, file)
    trouble: FleetError | None = None
    try:
        settings.find_settings(**given)
    except FleetError as problem:
        trouble = problem
    profile, credentials = (
        found["profile"],
        SettingValue(None, "none found; `jobfleet doctor` says what to do"),
    )
    try:
        mine = credentials_source.find_keys(profile.value)
        if mine:
            credentials = SettingValue(str(mine), mine.source)
    except FleetError as problem:
        credentials, trouble = SettingValue(None, str(problem)), trouble or problem
    return Configuration(
        {
            "stack": found["stack"],
            "region": found["region"],
            "bucket": _bucket(found),
            "endpoint": _endpoint(found["endpoint_url"]),
            "profile": profile
            if profile.value
            else SettingValue(settings.active_profile(), _source_of_profile()),
            "credentials": credentials,
            "timeout": timeout,
            "variables file": _variables(file),
        },
        trouble,
    )


def ask(configuration: Configuration, account: "Account") -> None:
    """Add what only AWS knows: the account, the bucket's whole name, and what the stack publishes.

    AWS's errors are noted as `trouble`, to be told after everything that was found.
    """
    from jobfleet.aws import stack_description

    values = configuration.values
    try:
        with account.in_words():
            number = account.number
            values["account"] = SettingValue(number, "STS")
            if values["bucket"].source == "derived":
                derived = account.settings.names.bucket(number, account.settings.region)
                values["bucket"] = SettingValue(derived, "derived")
            stack = stack_description.read_description(account, values["bucket"].value or "")
    except FleetError as problem:
        configuration.trouble = configuration.trouble or problem
        return
    if stack is None:
        values["deployed version"] = SettingValue(None, "the stack publishes no description")
        return
    values["deployed version"] = SettingValue(stack.version, DESCRIPTION_KEY)
    for name, limit in stack.limits.items():
        values[name] = SettingValue(str(limit), DESCRIPTION_KEY)


def _bucket(found: dict[str, SettingValue]) -> SettingValue:
    if found["bucket"].value:
        return found["bucket"]
    stack, region = found["stack"].value or "<stack>", found["region"].value or "<region>"
    return SettingValue(f"{stack}-<account>-{region}", "derived")


def _endpoint(found: SettingValue) -> SettingValue:
    value, source = found.value, found.source
    if not value:
        value, source = os.environ.get(_ENDPOINT_VARIABLE), _ENDPOINT_VARIABLE
    # It may hold a password.
    return SettingValue(redact(value), source) if value else SettingValue("AWS itself", "default")


def endpoint_of(found: Settings) -> str:
    """Return what is talked to, for people."""
    return f"{_endpoint(SettingValue(found.endpoint_url)).value}, region {found.region}"


def _source_of_profile() -> str:
    return settings.profile_variable() or "default"


def _variables(file: Variables) -> SettingValue:
    if file.path is None:
        return SettingValue(None, file.what_it_lacks("stack_name"))
    lacks = [name for name in ("stack_name", "aws_region") if not file.value(name)]
    source = file.named_by or "found here or in a folder above"
    return SettingValue(
        str(file.path), source + (f"; has no plain {' and no plain '.join(lacks)}" if lacks else "")
    )
