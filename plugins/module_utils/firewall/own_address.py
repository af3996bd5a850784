"""The address under which the internet sees this machine, as the security group has to know it."""

from __future__ import annotations

import ipaddress
import re
import urllib.error
import urllib.request

SECONDS = 10
_MAX_BYTES = 100
_EMBEDDED = re.compile(r"https?://(127[.]|localhost|\[::1\])")


class NoAddress(Exception):
    """The address is not known."""


def own_range(service: str, endpoint: str) -> str:
    """Return the address range of this machine alone, as `service` sees it. Raises `NoAddress`.

    `endpoint` is AWS_ENDPOINT_URL: an embedded AWS is reached under the loopback address. No proxy is used,
    for SSH goes through none.
    """
    if _EMBEDDED.match(endpoint):
        return "127.0.0.1/32"
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(service, timeout=SECONDS) as answer:
            told = answer.read(_MAX_BYTES).decode("ascii", "replace").strip()
        address = ipaddress.ip_address(told)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "reason", problem)
        raise NoAddress(
            f"{service} did not tell this machine's address ({why}). Set ssh_from in "
            "inventory/group_vars/all.yml to the address range that you deploy from, such as 203.0.113.7/32. "
            "It is asked without a proxy, since SSH uses none."
        ) from problem
    return f"{address}/{address.max_prefixlen}"
