"""STS: who one is."""

from moto.sts.models import STSBackend

from localcloud.gaps.patching import put_over
from localcloud.iam.current_caller import current_credential


def mend() -> None:
    """Mend all gaps of STS."""
    _one_is_whom_the_key_speaks_for()


def _one_is_whom_the_key_speaks_for() -> None:
    """GetCallerIdentity answers the principal of the key. moto knows only keys it made itself."""
    identity = STSBackend.get_caller_identity

    def get_caller_identity(backend: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
        credential = current_credential()
        if credential is None:
            return identity(backend, access_key_id, region)
        return credential.user_id, credential.principal, credential.account

    put_over(STSBackend, "get_caller_identity", get_caller_identity)
