"""Port 22 of the hosts' addresses where the machine's own sshd has it on all addresses.

Linux lets nobody listen on port 22 of one address while somebody listens on it for all of them.
The hosts' sshd then listen on another port, and the kernel's packet filter leads port 22 there:
for the hosts' addresses only, and only for connections that begin on this machine.
"""

import shutil
import socket
import subprocess

from localcloud.errors import HostsUnavailableError, LocalcloudError

SSH_PORT = 22
_OTHER_PORTS = range(10022, 10122)

# In a range that is claimed last, so that no host of a cloud has it.
_TRIAL_ADDRESS = "127.77.255.9"


def find_ssh_port() -> int:
    """Return the port the hosts' sshd can listen on. Raises `HostsUnavailableError`."""
    if _can_listen(SSH_PORT):
        return SSH_PORT
    if shutil.which("nft") is None:
        raise HostsUnavailableError(
            "hosts cannot be booted because this machine's own sshd listens on port 22 of all addresses: "
            "run `apt-get install nftables`, or give it a `ListenAddress`"
        )
    for port in _OTHER_PORTS:
        if _can_listen(port):
            return port
    raise HostsUnavailableError("hosts cannot be booted because ports 22 and 10022 to 10121 are all taken")


def _can_listen(port: int) -> bool:
    with socket.socket() as trial:
        # With it only a listening socket is in the way, not the trial of another `up`.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((_TRIAL_ADDRESS, port))
        except OSError:
            return False
    return True


def redirect_ssh(cloud: str, network: str, port: int) -> None:
    """Lead connections to port 22 of `network` to `port`. Raises `HostsUnavailableError`."""
    rules = f"""\
    add table ip {_table(cloud)}
    add chain ip {_table(cloud)} output {{ type nat hook output priority -100; }}
    add rule ip {_table(cloud)} output ip daddr {network} tcp dport {SSH_PORT} dnat to :{port}
    """
    result = _nft("-f", "-", rules=rules)
    if result.returncode != 0:
        why = result.stderr.strip().partition("\n")[0]
        raise HostsUnavailableError(
            "hosts cannot be booted because this machine's own sshd listens on port 22 of all addresses "
            f"and nft cannot lead the hosts' port elsewhere ({why}): "
            "give it a `ListenAddress`"
        )


def remove_redirect(cloud: str) -> None:
    """Remove what `redirect_ssh` made; nothing to do if there is none."""
    if shutil.which("nft") is None or f"table ip {_table(cloud)}\n" not in _nft("list", "tables").stdout:
        return
    result = _nft("delete", "table", "ip", _table(cloud))
    if result.returncode != 0:
        raise LocalcloudError(f"nft cannot remove table {_table(cloud)}: {result.stderr.strip()}")


def _table(cloud: str) -> str:
    return f"localcloud_{cloud}"


def _nft(*arguments: str, rules: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  the arguments are our own
        ["nft", *arguments],  # noqa: S607  where it lies differs
        input=rules,
        capture_output=True,
        text=True,
        check=False,
    )
