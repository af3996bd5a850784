"""HAProxy for all load balancers of a cloud: which requests go where.

Changes of targets are told to the process that runs. Changes of listeners and rules need another process. It
takes the ports over: no connection is refused, and the one before ends what it has.
"""

import errno
import logging
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from localcloud.balancers.haproxy.configuration import backend_name, layout
from localcloud.balancers.haproxy.generation import Generation, Server
from localcloud.balancers.haproxy.requests_log import RequestsReader, ServedRequest
from localcloud.balancers.health import HEALTHY, HealthOf
from localcloud.balancers.model import Balancer, Target, TargetGroup
from localcloud.errors import LocalcloudError

log = logging.getLogger(__name__)

# When a configuration that HAProxy refused is tried again.
_AGAIN_SECONDS = 5.0

# An address in a range that is claimed last, so that no host of a cloud has it.
_TRIAL_ADDRESS = "127.77.255.8"


def find_problem() -> str | None:
    """Return why no load balancer can listen on this machine, with the way out; None if one can."""
    if shutil.which("haproxy") is None:
        return "load balancers cannot be made without haproxy: run `apt-get install haproxy`"
    try:
        _try_to_listen(_TRIAL_ADDRESS, 80)
    except PermissionError:
        return "load balancers cannot be made without root: run `python -m localcloud up` as root"
    except OSError as problem:
        return f"load balancers cannot be made because port 80 is taken ({problem}): end what listens there"
    return None


def _try_to_listen(address: str, port: int) -> None:
    """Let pass where one can listen. Raises `OSError`."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((address, port))


class HaProxy:
    """See `engine.Proxy`. For use by one thread."""

    def __init__(self, folder: Path) -> None:
        """Keep files in `folder`, which is made anew; nothing runs before `bring`."""
        self._folder = folder
        self._now: Generation | None = None
        self._before: list[Generation] = []
        self._number = 0
        self._ports: set[tuple[str, int]] = set()
        self._reader = RequestsReader(self.requests_log)
        self._refused: tuple[str, str] | None = None
        """The layout that HAProxy refused, and why."""
        self._tried_at = 0.0

    @property
    def requests_log(self) -> Path:
        """What became of each request, one line for each; never cut off."""
        return self._folder / "requests.log"

    def bring(self, balancers: list[Balancer], health: HealthOf) -> dict[str, str]:
        """See `engine.Proxy`."""
        self._forget_ended()
        problems = {one.arn: why for one in balancers if (why := self._why_not(one))}
        able = [one for one in balancers if one.arn not in problems]
        if not any(one.listeners for one in able):
            self._close()
            return problems
        wanted = layout(able, self._folder)
        servers = _servers(able, health)
        text = wanted.text({})
        if self._now is not None and self._now.is_alive() and self._now.layout.text({}) == text:
            self._now.bring(servers)
            self._end_what_is_gone(servers)
        elif self._refused is None or self._refused[0] != text or self._may_try_again():
            self._renew(Generation(self._number + 1, wanted, servers, self.requests_log), able)
        if self._refused is not None and self._refused[0] == text:
            problems |= {one.arn: self._refused[1] for one in able}
        return problems

    def _why_not(self, balancer: Balancer) -> str | None:
        for listener in balancer.listeners:
            if (balancer.address, listener.port) not in self._ports:
                try:
                    _try_to_listen(balancer.address, listener.port)
                except OSError as problem:
                    words = "is taken" if problem.errno == errno.EADDRINUSE else "cannot be opened"
                    return f"port {listener.port} of {balancer.address} {words}: {problem}"
        return None

    def _may_try_again(self) -> bool:
        """Tell whether what HAProxy refused is worth another try: a machine may have been too busy."""
        return time.monotonic() - self._tried_at > _AGAIN_SECONDS

    def _renew(self, coming: Generation, able: list[Balancer]) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._tried_at = time.monotonic()
        try:
            coming.start(self._now)
        except LocalcloudError as problem:
            log.warning("%s", problem)
            self._refused = (coming.layout.text({}), str(problem))
            return
        self._refused = None
        self._number += 1
        if self._now is not None:
            self._before.append(self._now)
        self._now = coming
        self._ports = {(one.address, listener.port) for one in able for listener in one.listeners}

    def _end_what_is_gone(self, servers: dict[Server, bool]) -> None:
        """End what processes of before still have for targets whose deregistration is over.

        Where a group itself is not used any more, its requests may end by themselves.
        """
        backends = {one.removeprefix("backend ") for one in self._now.layout.sections} if self._now else set()
        for one in self._before:
            with suppress(OSError):
                for gone in [
                    server for server in one.servers if server not in servers and server.backend in backends
                ]:
                    one.end_requests(gone)
                    del one.servers[gone]

    def _close(self) -> None:
        """Open no port any more; what is under way ends by itself."""
        if self._now is not None:
            self._now.end_softly()
            self._before.append(self._now)
            self._now, self._ports = None, set()

    def _forget_ended(self) -> None:
        for one in [one for one in self._before if not one.is_alive()]:
            one.forget()
            self._before.remove(one)

    def served(self) -> Iterator[ServedRequest]:
        """See `engine.Proxy`."""
        yield from self._reader.read()

    def stop(self) -> None:
        """See `engine.Proxy`."""
        for one in (*self._before, *([self._now] if self._now else [])):
            one.kill()


def _servers(balancers: list[Balancer], health: HealthOf) -> dict[Server, bool]:
    """Return all servers, and whether each gets new requests."""
    found = {}
    for balancer in balancers:
        for group in balancer.groups:
            ready = _ready(group, health)
            for target in group.targets:
                if target.address is not None:
                    found[_server(balancer, group, target)] = target in ready
    return found


def _ready(group: TargetGroup, health: HealthOf) -> list[Target]:
    """Return the targets that get requests: the healthy ones, and all where there are none.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    able = [one for one in group.targets if one.address is not None and not one.draining]
    healthy = [
        one for one in able if (found := health(group.arn, one.name)) is not None and found.state == HEALTHY
    ]
    return healthy or able


def _server(balancer: Balancer, group: TargetGroup, target: Target) -> Server:
    # An instance that was started again has another address, and is another server.
    name = f"{target.name.id}-{target.name.port}-{(target.address or '').replace('.', '-')}"
    where = f"{target.address}:{target.name.port}"
    return Server(backend_name(group.arn), name, where, balancer.address)
