"""The configuration of HAProxy for all load balancers of a cloud.

A listener is a frontend, a target group is a backend. The first rule that fits is remembered in a variable,
and what it does depends on that: HAProxy itself would let all answers come before all backends.
https://docs.haproxy.org/2.6/configuration.html
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.balancers.haproxy.answers import cookie_of, fixed_lines, page_file, redirect_lines
from localcloud.balancers.haproxy.matching import matcher
from localcloud.balancers.model import (
    Balancer,
    FixedAnswer,
    Forward,
    Listener,
    ListenerRule,
    Redirect,
    TargetGroup,
)

# "If the target doesn't connect within ten seconds":
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
_CONNECT_SECONDS = 10

# What is told of a request, in one line; `figures` reads it. The times are Unix ones, in milliseconds and
# microseconds: when it ended, when it left for the target, when the target began to answer.
_LOG_LINE = (
    "%[date(0,ms)] %f %b %s %ST %[var(txn.left)] %[var(txn.answered)] %U %B %tsc %[http_first_req] "
    "%[var(txn.kind)]"
)


def frontend_name(balancer: Balancer, listener: Listener) -> str:
    """Return what HAProxy calls a listener."""
    return f"{backend_name(balancer.arn)}.{listener.port}"


def backend_name(arn: str) -> str:
    """Return what HAProxy calls a target group, or the first part of a listener's name: `NAME.ID`."""
    return ".".join(arn.split("/")[-2:])


@dataclass
class Layout:
    """A configuration without its servers, and the files that it refers to by name."""

    folder: Path
    sections: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def text(self, servers: dict[str, list[str]]) -> str:
        """Return it all, each backend with its servers."""
        lines = []
        for title, section in self.sections.items():
            own = servers.get(title.removeprefix("backend "), [])
            lines += [title, *(f"  {line}" for line in (*section, *own)), ""]
        return "\n".join(lines)


def layout(balancers: list[Balancer], folder: Path) -> Layout:
    """Return how HAProxy is to balance; its files are to lie in `folder`."""
    made = Layout(folder)
    for balancer in balancers:
        for listener in balancer.listeners:
            title = f"frontend {frontend_name(balancer, listener)}"
            made.sections[title] = list(_frontend(made, balancer, listener))
        for group in balancer.groups:
            made.sections[f"backend {backend_name(group.arn)}"] = list(_backend(made, balancer, group))
    return made


def preamble(socket: str, connections: int) -> str:
    """Return what stands before all: where HAProxy is told of changes, and how many connections it takes."""
    return f"""\
global
  stats socket unix@{socket} mode 600 level admin expose-fd listeners
  log stdout len 1024 format raw local0
  nbthread 1
  maxconn {connections}
  hard-stop-after 1h

defaults
  mode http
  log global
  option dontlognull
  option http-ignore-probes
  retries 0
  timeout connect {_CONNECT_SECONDS}s
"""


def _frontend(made: Layout, balancer: Balancer, listener: Listener) -> Iterator[str]:
    idle = f"{balancer.idle_timeout}s"
    yield f"bind {balancer.address}:{listener.port}{_certificates(made, listener)}"
    for name in ("client", "http-request", "http-keep-alive"):
        yield f"timeout {name} {idle}"
    yield f'log-format "{_LOG_LINE}"'
    yield "http-request set-var(txn.now) date()"
    for number, rule in enumerate(listener.rules):
        conditions = " ".join(matcher(one) for one in rule.conditions)
        yield (
            f"http-request set-var(txn.rule) int({number}) if !{{ var(txn.rule) -m found }} {conditions}"
        ).rstrip()
    yield from _headers(balancer, listener)
    backends: list[str] = []
    for number, rule in enumerate(listener.rules):
        yield from _answers(made, balancer, listener, number, rule)
        if isinstance(rule.action, Forward):
            backends += _forwards(number, rule.action)
    # What comes from the balancer itself names it, as ALB does.
    own = "unless { var(txn.answered) -m found }"
    yield f"http-after-response set-header Server awselb/2.0 {own}"
    yield f"http-after-response set-header Date %[date,http_date] {own}"
    yield from backends


def _certificates(made: Layout, listener: Listener) -> str:
    words = ""
    for chain in listener.certificates:
        name = f"{hashlib.sha256(chain.encode()).hexdigest()[:16]}.pem"
        made.files[name] = chain
        words += f" crt {name}"
    return f" ssl{words} alpn h2,http/1.1" if words else ""


def _headers(balancer: Balancer, listener: Listener) -> Iterator[str]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html."""
    known = "{ req.hdr(X-Forwarded-For) -m found }"
    if balancer.forwarded_for == "append":
        before = '"%[req.fhdr(X-Forwarded-For)], %[src]"'
        yield f"http-request set-var-fmt(txn.forwarded) {before} if {known}"
        yield f'http-request set-var-fmt(txn.forwarded) "%[src]" unless {known}'
        yield "http-request set-header X-Forwarded-For %[var(txn.forwarded)]"
    elif balancer.forwarded_for == "remove":
        yield "http-request del-header X-Forwarded-For"
    yield f"http-request set-header X-Forwarded-Proto {'https' if listener.certificates else 'http'}"
    yield f"http-request set-header X-Forwarded-Port {listener.port}"
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    part = "1-%[date,hex,bytes(8,8),lower]-%[uuid,regsub(-,,g),bytes(0,24)]"
    traced = "{ req.hdr(X-Amzn-Trace-Id) -m found }"
    again = f"Self={part};%[req.hdr(X-Amzn-Trace-Id)]"
    yield f"http-request set-header X-Amzn-Trace-Id {again} if {traced}"
    yield f"http-request set-header X-Amzn-Trace-Id Root={part} unless {traced}"


def _answers(
    made: Layout, balancer: Balancer, listener: Listener, number: int, rule: ListenerRule
) -> Iterator[str]:
    """Yield what is done before a backend is chosen: answers, or the dice that choose among several."""
    chosen = f"if {{ var(txn.rule) -m int {number} }}"
    action = rule.action
    if isinstance(action, Forward):
        if len(action.groups) > 1:
            total = sum(weight for _, weight in action.groups)
            yield f"http-request set-var(txn.dice) rand({max(1, total)}) {chosen}"
        if action.sticky is not None:
            given = f"{chosen} {{ var(txn.answered) -m found }}"
            yield from (
                f"http-after-response add-header Set-Cookie {cookie} {given}"
                for cookie in cookie_of("AWSALBTG", "be_name", action.sticky)
            )
        return
    kind = "redirect" if isinstance(action, Redirect) else "fixed"
    yield f"http-request set-var(txn.kind) str({kind}) {chosen}"
    if isinstance(action, FixedAnswer):
        yield from fixed_lines(made.files, action, chosen)
    else:
        yield from redirect_lines(action, balancer, listener, chosen)


def _forwards(number: int, action: Forward) -> Iterator[str]:
    """Yield the backends for a rule, each with the part of the requests that its weight is of all."""
    chosen = f"{{ var(txn.rule) -m int {number} }}"
    weighted = [(backend_name(arn), weight) for arn, weight in action.groups if weight > 0]
    if action.sticky is not None:
        fresh = "{ req.cook(AWSALBTG),field(2,_),sub(txn.now) -m int gt 0 }"
        for name, _ in weighted:
            yield f"use_backend {name} if {chosen} {{ req.cook(AWSALBTG),field(1,_) -m str {name} }} {fresh}"
    below = 0
    for name, weight in weighted:
        below += weight
        dice = f" {{ var(txn.dice) -m int lt {below} }}" if len(action.groups) > 1 else ""
        yield f"use_backend {name} if {chosen}{dice}"


def _backend(made: Layout, balancer: Balancer, group: TargetGroup) -> Iterator[str]:
    yield f"balance {'leastconn' if group.least_outstanding else 'roundrobin'}"
    for name in ("server", "tunnel"):
        yield f"timeout {name} {balancer.idle_timeout}s"
    # A target that refuses the connection is a bad gateway on AWS, and unavailable for HAProxy.
    for status, shown in ((503, 502), (502, 502), (504, 504)):
        yield f"errorfile {status} {page_file(made.files, shown)}"
    page = page_file(made.files, 503, whole=False)
    # Of a process that is about to end, HAProxy says that it has no servers; yet they answer what it took.
    nobody = "{ nbsrv eq 0 } !{ stopping }"
    yield f"http-request return status 503 content-type text/html file {page} if {nobody}"
    yield "http-request set-var(txn.left) date(0,us)"
    yield "http-response set-var(txn.answered) date(0,us)"
    if group.sticky is not None:
        # The server's name and how long the cookie holds. One whose server is gone is nobody's.
        fresh = "{ req.cook(AWSALB),field(2,_),sub(txn.now) -m int gt 0 }"
        yield f"use-server %[req.cook(AWSALB),field(1,_)] if {fresh}"
        for cookie in cookie_of("AWSALB", "srv_name", group.sticky):
            yield f"http-response add-header Set-Cookie {cookie}"
