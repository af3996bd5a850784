"""A load balancer with a real HAProxy. Its targets are small HTTP servers on addresses of this machine."""

import http.client
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.balancers.haproxy.proxy import HaProxy
from localcloud.balancers.health import Health
from localcloud.balancers.model import (
    Action,
    Balancer,
    Check,
    Condition,
    Forward,
    Listener,
    ListenerRule,
    Target,
    TargetGroup,
    TargetName,
)
from tests.patience import patience
from tests.ports import claimed_port

ADDRESS = "127.77.254.1"
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
CHECK = Check(None, "/", 10.0, 5.0, 2, 2, "200")


class Answer(NamedTuple):
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: dict[str, str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        site.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        site.peers.append(self.client_address[0])
        if self.path.startswith("/held"):
            site.holding.set()
            site.go_on.wait(patience(60))
        body = site.name.encode()
        self.send_response(int(self.path.partition("status=")[2] or 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *words: object) -> None:
        """Say nothing: a balancer that ends a request resets the connection."""


class Site:
    """A target that tells its name, and keeps a request of `/held` until it may go on."""

    def __init__(self, name: str, address: str, port: int) -> None:
        self.name, self.address, self.port = name, address, port
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.peers: list[str] = []
        self.holding, self.go_on = threading.Event(), threading.Event()
        self._server = _Server((address, port), _Handler)
        self._server.site = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def target(self, zone: str = "us-east-1a", **more: Any) -> Target:
        return Target(TargetName(f"i-{self.name}", self.port), self.address, zone, **more)

    def end(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Bench:
    """A balancer at work, whose parts can be changed."""

    def __init__(self, folder: Path) -> None:
        self.port = claimed_port()
        self.proxy = HaProxy(folder / "balancers")
        self.health: dict[tuple[str, TargetName], Health] = {}
        self.balancer = Balancer(f"{ARN}loadbalancer/app/b/1", ADDRESS, (), ())
        self.sites: list[Site] = []

    def site(self, name: str) -> Site:
        made = Site(name, f"127.77.254.{10 + len(self.sites)}", self.port)
        self.sites.append(made)
        return made

    def rules(self, *rules: ListenerRule, default: Action, port: int | None = None) -> None:
        listener = Listener(port or self.port, (*rules, ListenerRule((), default)))
        self.bring(replace(self.balancer, listeners=(listener,)))

    def bring(self, balancer: Balancer) -> dict[str, str]:
        self.balancer = balancer
        return self.proxy.bring([balancer], lambda group, name: self.health.get((group, name)))

    def targets(self, group: TargetGroup, *targets: Target) -> TargetGroup:
        """Give a group of the balancer other targets."""
        changed = replace(group, targets=targets)
        others = tuple(one for one in self.balancer.groups if one.arn != group.arn)
        self.bring(replace(self.balancer, groups=(*others, changed)))
        return changed

    def set_health(self, group: TargetGroup, target: Target, state: str) -> None:
        self.health[group.arn, target.name] = Health(state)
        self.bring(self.balancer)

    def forwards_to(self, *targets: Target, **more: Any) -> TargetGroup:
        """Let all requests go to a group of these targets, and return it."""
        made = group_of("g", *targets, **more)
        self.balancer = replace(self.balancer, groups=(made,))
        self.rules(default=Forward(((made.arn, 1),)))
        return made

    def ask(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=patience(60))
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=names)
            answer = connection.getresponse()
            body = answer.read().decode()
            given = answer.headers.get_all("Set-Cookie") or []
            cookies = dict(one.partition(";")[0].split("=", 1) for one in given)
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, body, cookies)
        finally:
            connection.close()

    def shares(self, number: int, path: str = "/", **headers: str) -> Counter[str]:
        """Return how many of so many requests each target answered."""
        return Counter(self.ask(path, **headers).body for _ in range(number))

    def end(self) -> None:
        for site in self.sites:
            site.end()
        self.proxy.stop()


def group_of(name: str, *targets: Target, **more: Any) -> TargetGroup:
    return TargetGroup(f"{ARN}targetgroup/{name}/0", CHECK, targets, **more)


def rule(action: Action, *conditions: tuple[str, str], name: str = "") -> ListenerRule:
    wanted = tuple(Condition(field, (value,), name) for field, value in conditions)
    return ListenerRule(wanted, action)
