"""What to say of a host that does not answer by SSH: what may stand between, and what to do first."""

from __future__ import annotations

# What ssh says where the host answers, and one of the keys is not the stack's.
_KEY = (
    "Permission denied",
    "Host key verification failed",
    "host key is known",
    "IDENTIFICATION HAS CHANGED",
)

# What it says where the connection was made, and nobody spoke: no network stands between.
_HANGS = "banner exchange"


def no_answer(address: str, seconds: int, source: str, words: str) -> str:
    """Return sentences on a host that was waited for; `source` is who may use SSH, `words` are ssh's own."""
    last = (words.strip().splitlines() or ["it said nothing"])[-1]
    if any(text in words for text in _KEY):
        return (
            f"{address} answers by SSH, and not with the stack's keys ({last}). Run site.yml again with "
            "-e keypair_replace=true, which makes new keys and replaces the instances."
        )
    if _HANGS in words:
        return (
            f"{address} lets connections in on port 22 and said nothing for {seconds} s: it hangs, or is far "
            "too busy. Reboot it in the AWS console, or terminate it there. Then run this again: it makes "
            "another in the place of one that is gone."
        )
    return (
        f"{address} did not answer on port 22 for {seconds} s ({last}). Its security group, a firewall, lets "
        f"in {source or 'the address that this machine was seen under'} alone. Look first whether your "
        f"network lets you out: `nc -vz {address} 22`. Many campus and company networks, and some VPNs, let "
        "nothing out on port 22: use another network, such as a phone's. Others leave by changing addresses, "
        "or by a proxy for the web alone: set ssh_from in inventory/group_vars/all.yml to your network's "
        "address range, and run this again. Is there a jump host? ~/.ssh/config is not read: give its "
        "options in ansible_ssh_extra_args, such as -o ProxyCommand=… (inventory/group_vars/fleet_hosts.yml)."
        " If nothing helps, look at the instance's console output in AWS."
    )
