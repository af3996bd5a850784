"""The settings that name a stack: from flags, `JOBFLEET_*`, the variables file, AWS's own, in this order."""

import functools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jobfleet_jobs.credentials.sentences import no_such_profile, why_unreadable
from jobfleet_jobs.protocol.names import BadStackName, StackNames

from jobfleet.errors import NoCredentials, UnknownSettings
from jobfleet.settings.variables_file import Variables

if TYPE_CHECKING:
    from botocore.session import Session

# What each value is called elsewhere: in the variables file, and in AWS's environment. AWS_PROFILE is
# left to boto3, as keys in the environment win over it, and lose to a profile given here.
_IN_VARS_FILE = {"stack": "stack_name", "region": "aws_region"}
_IN_AWS_ENVIRONMENT = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")}

# us-east-1, us-gov-west-1, ap-southeast-2, …
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL", *(f"AWS_ENDPOINT_URL_{name}" for name in ("S3", "SQS", "STS")))
_URL_WAY_OUT = (
    "one begins with http:// or https://, as in http://127.0.0.1:5000; for Amazon's own AWS, leave it out"
)


@dataclass(frozen=True)
class Settings:
    """What names a stack. Raises `UnknownSettings` for values that cannot be, and says whence they came.

    `bucket` is None where it is to be derived from the account, `endpoint_url` and `profile` where
    boto3 finds its own. `sources` says where each value was found. Credentials are boto3's own matter.
    """

    stack: str
    region: str
    bucket: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            StackNames(self.stack)
        except BadStackName as problem:
            raise UnknownSettings(f"{problem}{self._from('stack')}") from problem
        if not _REGION.fullmatch(self.region):
            raise UnknownSettings(
                f"region {self.region!r}{self._from('region')} is not an AWS region; one looks like us-east-1"
            )
        if self.bucket is not None and not _BUCKET.fullmatch(self.bucket):
            raise UnknownSettings(
                f"bucket {self.bucket!r}{self._from('bucket')} is not a valid bucket name; "
                "leave it out to use the stack's own"
            )
        if self.endpoint_url is not None and not _is_url(self.endpoint_url):
            raise UnknownSettings(
                f"endpoint {self.endpoint_url!r}{self._from('endpoint_url')} is no URL; {_URL_WAY_OUT}"
            )

    def _from(self, name: str) -> str:
        where = self.sources.get(name)
        return f" (from {where})" if where else ""

    @functools.cached_property
    def names(self) -> StackNames:
        """The names derived from the stack's name."""
        return StackNames(self.stack)


@dataclass(frozen=True)
class SettingValue:
    """One value and where it is from; both None where nothing has it."""

    value: str | None = None
    source: str | None = None


def find_settings(
    *,
    stack: str | None = None,
    region: str | None = None,
    bucket: str | None = None,
    vars_file: str | Path | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
) -> Settings:
    """Return the settings; what is given wins over what is found. Raises `UnknownSettings`."""
    _check_environment()
    file = Variables(vars_file)
    found = locate_settings(
        {
            "stack": stack,
            "region": region,
            "bucket": bucket,
            "endpoint_url": endpoint_url,
            "profile": profile,
        },
        file,
    )
    for name in ("stack", "region"):
        if not found[name].value:
            raise UnknownSettings(what_is_missing(name, file))
    return Settings(
        stack=found["stack"].value or "", region=found["region"].value or "",
        bucket=found["bucket"].value, endpoint_url=found["endpoint_url"].value,
        profile=found["profile"].value,
        sources={name: one.source for name, one in found.items() if one.source},
    )  # fmt: skip


def _check_environment() -> None:
    """Raise `UnknownSettings` for an endpoint in the environment that boto3 could not use."""
    for name in _ENDPOINT_VARIABLES:
        if (named := os.environ.get(name)) and not _is_url(named):
            raise UnknownSettings(f"endpoint {named!r} (from {name}) is no URL; {_URL_WAY_OUT}")


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        # Reading the port is what judges it.
        fine = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return fine and text.isprintable() and " " not in text


def locate_settings(given: Mapping[str, str | None], file: Variables) -> dict[str, SettingValue]:
    """Return where each of the five values is from, `given` first, without judging them."""
    # The profile comes first, as it can name the region.
    found = {"profile": _first("profile", given, file, None)}
    for name in ("stack", "region", "bucket", "endpoint_url"):
        found[name] = _first(name, given, file, found["profile"].value)
    return found


def what_is_missing(name: str, file: Variables) -> str:
    """Return a sentence on a value that nothing has, and the ways to give it."""
    return (
        f"no {name} is known: give --{name}, set JOBFLEET_{name.upper()}, or name the variables file "
        f"with --vars or JOBFLEET_VARS ({file.what_it_lacks(_IN_VARS_FILE[name])})"
    )


def _first(name: str, given: Mapping[str, str | None], file: Variables, profile: str | None) -> SettingValue:
    for value, source in _places(name, given.get(name), file, profile):
        if value:
            return SettingValue(value, source)
    return SettingValue()


def _places(
    name: str, given: str | None, file: Variables, profile: str | None
) -> Iterator[tuple[str | None, str]]:
    yield given, f"--{name.replace('_', '-')}"
    variable = f"JOBFLEET_{name.upper()}"
    yield os.environ.get(variable), variable
    if name in _IN_VARS_FILE:
        yield file.value(_IN_VARS_FILE[name]), str(file.path)
    for variable in _IN_AWS_ENVIRONMENT.get(name, ()):
        yield os.environ.get(variable), variable
    if name == "region":
        yield _region_of(profile), f"AWS profile {profile or active_profile()}"


def active_profile() -> str:
    """Return the profile that boto3 uses where none is given here."""
    variable = profile_variable()
    return os.environ[variable] if variable else "default"


def profile_variable() -> str | None:
    """Return the variable that names the active profile, as botocore looks: the first that is not empty."""
    return next((name for name in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if os.environ.get(name)), None)


def session_of(profile: str | None) -> "Session":
    """Return a session of botocore. A variable with a profile's name that is set to nothing counts as unset.

    botocore would look for a profile without a name.
    """
    import botocore.session

    # Not by the profile's name: where one is given so, keys in the environment do not count any more.
    variables = {"profile": (None, profile_variable(), None, None)}
    return botocore.session.Session(session_vars=variables, profile=profile)


def _region_of(profile: str | None) -> str | None:
    """Return the region that an AWS profile names.

    Raises `UnknownSettings` if there is no such profile, `NoCredentials` where AWS's files cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ConfigParseError, ProfileNotFound

    session = session_of(profile)
    try:
        region = session.get_config_variable("region")
    except ProfileNotFound as problem:
        raise UnknownSettings(
            no_such_profile(profile or active_profile(), session.available_profiles)
        ) from problem
    except ConfigParseError as problem:
        # The file of the credentials most of all, which is read together with the other one.
        raise NoCredentials(why_unreadable(str(problem.kwargs["path"]))) from problem
    except BotoCoreError as problem:
        raise UnknownSettings(f"AWS's own settings cannot be read: {problem}") from problem
    return str(region) if region else None
