"""A guard around a session of botocore: what it finds is fit to send, and no program keeps it waiting.

botocore's objects are taken as they come, by the names that they have, so that no library is needed here.
"""

import warnings
from collections.abc import Iterable
from getpass import GetPassWarning, getpass
from typing import Any

from jobfleet_jobs.credentials.fitness import (
    StrippedEnvironment,
    UnreadableCredentials,
    UnusableCredentials,
    require_fit,
)
from jobfleet_jobs.credentials.program import CredentialProgram


def guard(session: Any) -> Any:
    """Return a session of botocore that refuses to sign with what cannot be credentials.

    White space around those in the environment is passed over. Raises what botocore raises for settings that
    cannot be read, as it is asked for its providers here.
    """
    check_before_signing(session)
    guard_search(session.get_component("credential_provider"))
    return session


def check_before_signing(session: Any) -> None:
    """Refuse to sign with what cannot be credentials, also in the clients that botocore makes itself."""
    session.register("before-sign", _check, unique_id="jobfleet-credentials")


def guard_search(resolver: Any) -> Any:
    """Prepare a session's search for credentials, and return it."""
    _prepare(resolver.providers)
    return resolver


def _prepare(providers: Iterable[Any]) -> list[Any]:
    prepared = list(providers)
    for provider in prepared:
        if provider.METHOD == "env":
            provider.environ = StrippedEnvironment()
        elif provider.METHOD == "custom-process":
            provider._popen = CredentialProgram
        elif provider.METHOD == "assume-role":
            provider._prompter = _ask
            _prepare_sources(provider._profile_provider_builder)
    return prepared


def _ask(prompt: str) -> str:
    """Return what a person types for a role's MFA device. Raises `UnusableCredentials` where nobody can."""
    try:
        with warnings.catch_warnings():
            # Or it would read a pipe, and show what is typed.
            warnings.simplefilter("error", GetPassWarning)
            return getpass(prompt)
    except (GetPassWarning, EOFError, OSError):
        raise UnusableCredentials(
            "the profile's role asks for the code of an MFA device (mfa_serial in ~/.aws/config), and no "
            "terminal is here to type it in: use one, or keys that `aws sts get-session-token` gives"
        ) from None


def _prepare_sources(builder: Any) -> None:
    """Have the providers of a role's source profile prepared, which are made when they are needed."""
    made = builder.providers

    def providers(*given: Any, **named: Any) -> list[Any]:
        return _prepare(made(*given, **named))

    builder.providers = providers


def _check(request_signer: Any, **_: Any) -> None:
    credentials = request_signer._credentials
    if credentials is not None:
        require_fit(_frozen(credentials), credentials.method or "")


def _frozen(credentials: Any) -> Any:
    # Here botocore reads the files of a sign-in, and trips over whatever is cut short or misspelt in them.
    try:
        return credentials.get_frozen_credentials()
    except (LookupError, TypeError, ValueError, ArithmeticError) as problem:
        why = f"{type(problem).__name__}: {problem}"
        raise UnreadableCredentials(f"what AWS's files hold of a session cannot be read ({why})") from problem
    except OSError as problem:
        raise UnusableCredentials(
            f"{problem.filename or 'a file'}, named for credentials, cannot be read: "
            f"{problem.strerror or problem}; look at web_identity_token_file in ~/.aws/config, and at "
            "AWS_WEB_IDENTITY_TOKEN_FILE"
        ) from problem
    except Exception as problem:
        # The role or its token cannot be sent as they are. botocore's other errors have their sentences.
        if type(problem).__name__ != "ParamValidationError":
            raise
        why = " ".join(str(problem).split())
        raise UnusableCredentials(
            f"AWS cannot be asked for a session ({why}): correct the profile in ~/.aws/config"
        ) from problem
