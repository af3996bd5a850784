"""The lab's commands: credentials, session, IAM."""

import time
from pathlib import Path
from typing import Any

from localcloud.commands.ask_server import ask, ask_status, server_of
from localcloud.errors import LocalcloudError
from localcloud.hosts.disks.base_image import Say
from localcloud.iam.keyring import Policy, read_policy
from localcloud.state import RunFolder, ServerInfo

# A host has 30 s to shut down; one that is just booting may take all of them.
_STOP_SECONDS = 60.0
_PAUSE_SECONDS = 0.1


def credentials(
    run: RunFolder, seconds: float | None, account: str | None, policy: Path | None
) -> dict[str, Any]:
    """Return a new key: `block`, `access_key_id`, `account`, `expires`, `principal`."""
    document = None if policy is None else _read_policy(policy)
    return ask(server_of(run), "credentials", seconds=seconds, account=account, policy=document)


def cancelled_credentials(run: RunFolder, account: str | None) -> dict[str, Any]:
    """Return a key as it is after its session's end, in the shape of `credentials`."""
    return ask(server_of(run), "credentials", account=account, cancelled=True)


def _read_policy(path: Path) -> Policy:
    try:
        return read_policy(path.read_text())
    except (OSError, ValueError) as error:
        raise LocalcloudError(f"{path} holds no policy document: {error}") from error


def cancel_keys(run: RunFolder, say: Say) -> None:
    """Cancel the keys of the session while its instances go on."""
    cancelled = ask(server_of(run), "session/cancel")
    say(f"{cancelled['keys']} keys were cancelled, and the instances go on; `env`'s key lives on")


def expire_keys(run: RunFolder, say: Say) -> None:
    """Let the keys of the session die while its instances go on."""
    expired = ask(server_of(run), "session/expire")
    say(f"{expired['keys']} keys died, and the instances go on; `env`'s key lives on")


def end_session(run: RunFolder, say: Say) -> None:
    """End the session and wait until what ran has stopped."""
    info = server_of(run)
    ended = ask(info, "session/end")
    _await_stop(info, set(ended["instances"]))
    stopped = f"{len(ended['instances'])} instances stopped"
    say(f"the session has ended: {ended['keys']} keys were cancelled, {stopped}; `env`'s key lives on")


def _await_stop(info: ServerInfo, instances: set[str]) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        stopping = [host["id"] for host in ask_status(info)["hosts"] if host["state"] == "stopping"]
        if not instances & set(stopping):
            return
        time.sleep(_PAUSE_SECONDS)
    raise LocalcloudError(f"{' '.join(stopping)} did not stop within {_STOP_SECONDS:.0f} s: see `status`")


def start_session(run: RunFolder, seconds: float | None, account: str | None, say: Say) -> str:
    """Begin the next session and return its block."""
    started = ask(server_of(run), "session/start", seconds=seconds, account=account)
    say(f"a new session: {len(started['instances'])} instances start again, with new addresses")
    block: str = started["block"]
    return block


def enforce_iam(run: RunFolder, on: bool, say: Say) -> None:
    """Hold IAM users and roles to their policies, or stop that."""
    ask(server_of(run), "iam", on=on)
    say(f"IAM users and roles {'are held to their policies' if on else 'may do everything'}")


def give_spot_notice(run: RunFolder, instance: str, say: Say) -> None:
    """Tell a spot instance that it is interrupted."""
    told = ask(server_of(run), "spot-notice", instance=instance)
    word = "terminated" if told["action"] == "terminate" else "stopped"
    say(f"{instance} has its notice: it is {word} at {told['time']}")


def give_vcpus(run: RunFolder, account: str, vcpus: int, say: Say) -> None:
    """Give an account a quota of vCPUs."""
    ask(server_of(run), "vcpus", account=account, vcpus=vcpus)
    say(f"instances of {account} may have {vcpus} vCPUs in a region")
