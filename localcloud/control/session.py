"""The lab's session: what dies when it ends, and what the next one brings back."""

import threading
from typing import TYPE_CHECKING

from localcloud.errors import LocalcloudError
from localcloud.iam.keyring import HOME_ACCOUNT, LAB_MINUTES, Credential, Keyring, Kind, Policy

if TYPE_CHECKING:
    from localcloud.ec2.fleet import HostFleet
    from localcloud.ec2.instances import HostedInstance


class Session:
    """One cloud's session. It has begun when the cloud is up. Safe for several threads."""

    def __init__(self, keyring: Keyring, fleet: "HostFleet | None") -> None:
        """Issue keys from `keyring`; stop and start the instances of `fleet`."""
        self._keyring = keyring
        self._fleet = fleet
        self._stopped: list[HostedInstance] = []
        self._lock = threading.Lock()
        self.has_ended = False

    def issue(
        self, seconds: float | None = None, account: str = HOME_ACCOUNT, policy: Policy | None = None
    ) -> Credential:
        """Return a new key that dies after `seconds`, 4 hours if None. Raises `LocalcloudError`."""
        if self.has_ended:
            raise LocalcloudError("the session has ended: begin the next with `localcloud session start`")
        return self._keyring.issue(
            Kind.LAB if policy is None else Kind.POLICY,
            account=account,
            seconds=LAB_MINUTES * 60 if seconds is None else seconds,
            policies=None if policy is None else [policy],
        )

    def issue_cancelled(self, account: str = HOME_ACCOUNT) -> Credential:
        """Return a key as people have it whose session ended before this one began."""
        return self._keyring.issue(Kind.LAB, account=account, seconds=LAB_MINUTES * 60, cancelled=True)

    def cancel(self) -> int:
        """Cancel all keys but the environment's, and nothing else; return how many were alive.

        So it is in the minutes before the lab stops the instances, and when its budget is spent.
        """
        return self._keyring.cancel()

    def expire(self) -> int:
        """Let all keys die but the environment's, and nothing else; return how many were alive."""
        return self._keyring.expire()

    def end(self) -> tuple[int, list[str]]:
        """Cancel all keys but the environment's and stop what runs.

        Returns how many keys were alive and the instances that stop. Twice is no error.
        """
        with self._lock:
            self.has_ended = True
            dead = self._keyring.cancel()
            stopping = [one for one in self._instances() if one.stop_for_the_lab()]
            self._stopped += stopping
        return dead, [one.id for one in stopping]

    def start(
        self, seconds: float | None = None, account: str = HOME_ACCOUNT
    ) -> tuple[Credential, list[str]]:
        """Begin the next session: a new key, and what the last one's end stopped starts again.

        Raises `LocalcloudError` if an instance cannot start yet.
        """
        with self._lock:
            still = [one.id for one in self._stopped if one.state == "stopping"]
            if still:
                raise LocalcloudError(f"{' '.join(still)} still stopping: try again in a moment")
            self.has_ended = False
            # A person may have terminated one meanwhile, or started it by the environment's key.
            starting = [one for one in self._stopped if one.state == "stopped"]
            self._stopped = []
            for instance in starting:
                instance.start()
        return self.issue(seconds, account), [one.id for one in starting]

    def _instances(self) -> "list[HostedInstance]":
        return [] if self._fleet is None else list(self._fleet.instances)
