"""A guard around a session of botocore: what it finds is fit to send, and no program keeps it waiting.

botocore's objects are taken as they come, by the names that they have, so that no library is needed here.
"""

from collections.abc import Iterable
from typing import Any

from jobfleet_jobs.credentials.fitness import StrippedEnvironment, UnreadableCredentials, require_fit
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
            _prepare_sources(provider._profile_provider_builder)
    return prepared


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
