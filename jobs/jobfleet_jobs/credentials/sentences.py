"""Sentences on credentials that cannot be had: what they are, and what to do about that kind of them.

Errors are known by the names of botocore's classes.
"""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobfleet_jobs.credentials.file_text import what_is_wrong
from jobfleet_jobs.credentials.fitness import UnreadableCredentials, UnusableCredentials
from jobfleet_jobs.credentials.redaction import redact

LAB = "get new ones (in a Learner Lab: AWS Details, AWS CLI, Show) and "
# Where they belong: what is in the environment wins over what is in the file.
INTO_THE_ENVIRONMENT = (
    "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to them in this shell, as these win "
    "over ~/.aws/credentials; or unset all three and put them in that file"
)
REPAIR = "`ansible-playbook playbooks/credentials.yml`, which repairs it"


@dataclass(frozen=True)
class Origin:
    """Where a session's credentials come from.

    `method` is botocore's word, None if there are none. `lines` are the profile's in AWS's files. `temporary`
    tells that their key is no lasting one, `others` which profiles there are.
    """

    profile: str = "default"
    method: str | None = None
    lines: Mapping[str, Any] = field(default_factory=dict)
    temporary: bool = True
    others: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What the credentials are: `env`, `sso`, `login`, `process`, `role` or `keys`."""
        if self.method == "env":
            return "env"
        for kind, names in (
            ("role", ("role_arn",)), ("sso", ("sso_session", "sso_start_url", "sso_account_id")),
            ("login", ("login_session",)), ("process", ("credential_process",)),
        ):  # fmt: skip
            if any(name in self.lines for name in names):
                # botocore takes keys in the credentials file before the two last.
                if kind in ("login", "process") and self.method == "shared-credentials-file":
                    continue
                return kind
        return "keys"

    @property
    def program(self) -> str:
        """The name of the program that gives them, without its arguments."""
        try:
            words = shlex.split(str(self.lines.get("credential_process", "")))
        except ValueError:
            words = []
        return os.path.basename(words[0]) if words else "named there"  # noqa: PTH119 - may be Windows'


def origin_of(session: Any, profile: str, *, were_found: bool) -> Origin:
    """Return where the credentials of a session of botocore come from, as far as it can be read.

    Only where they `were_found` is the session asked for them: it would run programs again that just failed.
    """
    try:
        lines, others = session.full_config.get("profiles", {}).get(profile, {}), session.available_profiles
        found = session.get_credentials() if were_found else None
    except Exception:  # noqa: BLE001 - whatever it is, it is what is being told of already
        lines, others, found = {}, (), None
    method = str(found.method) if found else None
    if (
        not found
        and os.environ.get("AWS_ACCESS_KEY_ID")
        and session.instance_variables().get("profile") is None
    ):
        method = "env"
    key_id = (
        os.environ.get("AWS_ACCESS_KEY_ID", "") if method == "env" else lines.get("aws_access_key_id", "")
    )
    return Origin(profile, method, lines, not str(key_id).startswith("AKIA"), tuple(others))


def renewal(origin: Origin) -> str:
    """Return what to do about credentials that were found, and are not taken (any more)."""
    profile = origin.profile
    match origin.kind:
        case "env" if origin.temporary:
            return LAB + INTO_THE_ENVIRONMENT
        case "env" if os.environ.get("AWS_SESSION_TOKEN"):
            return "`unset AWS_SESSION_TOKEN`, as a key that begins with AKIA has no token"
        case "env":
            return "set others in this shell: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY win over ~/.aws"
        case "sso":
            return f"sign in again with `aws sso login --profile {shlex.quote(profile)}`"
        case "login":
            return f"sign in again with `aws login --profile {shlex.quote(profile)}`"
        case "process":
            return (
                f"the program {origin.program!r}, which profile {profile} names, has to give others: run it"
            )
        case "role":
            return _of_role(origin)
        case _ if origin.method in ("iam-role", "container-role"):
            return "they are of this machine's own role: have the role looked at"
        case _ if origin.temporary:
            return f"{LAB}{into_the_file()}, profile {profile}"
    return f"{into_the_file('others')}, profile {profile}"


def _of_role(origin: Origin) -> str:
    profile = origin.profile
    if "web_identity_token_file" in origin.lines:
        return f"profile {profile} takes a role by the token in its web_identity_token_file: renew that"
    source = origin.lines.get("source_profile") or origin.lines.get("credential_source")
    if not source:
        return f"profile {profile} takes a role by no credentials: add source_profile to it in ~/.aws/config"
    return f"profile {profile} takes a role with the credentials of {source}: renew those"


def into_the_file(what: str = "them") -> str:
    """Return where keys belong that are not in the environment."""
    return f"put {what} in {os.environ.get('AWS_SHARED_CREDENTIALS_FILE') or '~/.aws/credentials'}"


def why_passed_over() -> str:
    """Return a clause on a credentials file that botocore passes over in silence; nothing if it does not."""
    path = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    try:
        path = path.expanduser()
        is_file, is_there = path.is_file(), path.is_symlink() or path.exists()
    except (OSError, RuntimeError, ValueError):  # a name that no file has, or no home
        return ""
    if is_there and not is_file:
        return f"{path} is no regular file, and AWS's tools read nothing else: put the credentials into one"
    if is_file and not os.access(path, os.R_OK):
        return f"{path} may not be read: allow it with `chmod u+r {shlex.quote(str(path))}`"
    return ""


def why_unusable(problem: BaseException, origin: Origin) -> str | None:
    """Return a clause on credentials that cannot be had, with what to do; None where it is something else."""
    if isinstance(problem, UnreadableCredentials):
        return _unreadable(origin, problem)
    if isinstance(problem, UnusableCredentials):
        return str(problem)
    # botocore's own word for refreshed ones that are over already.
    if type(problem) is RuntimeError and "refreshed" in str(problem):
        return f"the AWS credentials have expired, and nothing has renewed them: {renewal(origin)}"
    names = [kind.__name__ for kind in type(problem).__mro__]
    if origin.kind == "sso" and names[0] in _REFUSED_SIGN_ON:
        return _sign_on(origin, problem)
    return next((_CLAUSES[name](origin, problem) for name in names if name in _CLAUSES), None)


def _sign_on(origin: Origin, _: BaseException) -> str:
    return (
        f"the single sign-on of profile {origin.profile} is over or was never begun: "
        f"run `aws sso login --profile {shlex.quote(origin.profile)}`"
    )


def _unreadable(origin: Origin, problem: BaseException) -> str:
    return f"{_quoted(problem)}: {renewal(origin)}"


def _login(origin: Origin, _: BaseException) -> str:
    profile = shlex.quote(origin.profile)
    return f"the session of `aws login` is over or was never begun: run `aws login --profile {profile}`"


def _no_renewal(_: Origin, __: BaseException) -> str:
    return "AWS does not let `aws login` renew itself: ask for the permission signin:CreateOAuth2Token"


def _no_awscrt(origin: Origin, _: BaseException) -> str:
    return (
        f"profile {origin.profile} signs in with `aws login`, which needs the package awscrt here: "
        "`pip install 'botocore[crt]'`"
    )


def _partial(origin: Origin, problem: BaseException) -> str:
    lacking = _more(problem).get("cred_var", "a part")
    return f"the AWS credentials are not whole, {lacking} is missing: {renewal(origin)}"


def _not_retrieved(origin: Origin, problem: BaseException) -> str:
    return f"the AWS credentials cannot be had: {_quoted(problem)}; {renewal(origin)}"


def _bad_config(origin: Origin, problem: BaseException) -> str:
    return f"profile {origin.profile} in ~/.aws/config cannot work: {_quoted(problem)}"


# GetRoleCredentials refuses with the first two, a file without a token with the last.
_REFUSED_SIGN_ON = frozenset({"ForbiddenException", "UnauthorizedException", "KeyError"})

# By the names of botocore's classes, of which the nearest to the error counts.
_CLAUSES: Mapping[str, Callable[[Origin, BaseException], str]] = {
    "ProfileNotFound": lambda origin, _: no_such_profile(origin.profile, origin.others),
    "ConfigParseError": lambda _, problem: why_unreadable(str(_more(problem).get("path", ""))),
    "MissingDependencyException": _no_awscrt,
    "LoginInsufficientPermissions": _no_renewal,
    "LoginError": _login,
    "SSOError": _sign_on,
    "TokenRetrievalError": _sign_on,
    "NoAuthTokenError": _sign_on,
    "PartialCredentialsError": _partial,
    "CredentialRetrievalError": _not_retrieved,
    "RefreshWithMFAUnsupportedError": _not_retrieved,
    "MetadataRetrievalError": _not_retrieved,
    "InvalidConfigError": _bad_config,
    "InfiniteLoopConfigError": _bad_config,
    "UnknownCredentialError": _bad_config,
}


def _more(problem: BaseException) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(problem, "kwargs", None) or {}
    return found


def _quoted(problem: BaseException) -> str:
    return redact(str(problem)).rstrip(".")


def no_such_profile(profile: str, there_are: Sequence[str]) -> str:
    """Return a clause on a profile that AWS's files do not have."""
    offer = f"there are {', '.join(there_are)}" if there_are else "there are none"
    return f"there is no AWS profile {profile!r} in ~/.aws/config or ~/.aws/credentials: {offer}"


def why_unreadable(path: str) -> str:
    """Return a clause on a file of AWS's that cannot be read, with its line and what to do."""
    clause = f"{path} cannot be read: {what_is_wrong(path) or 'it cannot be read'}. Correct that"
    is_config = os.path.basename(path) == "config" or path == os.environ.get("AWS_CONFIG_FILE")  # noqa: PTH119
    return clause if is_config else f"{clause}, or run {REPAIR} if a whole block is in it"
