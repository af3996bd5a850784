"""What localcloud's balancer costs beside the bare proxy, HAProxy with nothing but the way to the targets.

.venv/bin/python -m benchmarks.single.balancer (as root, with wrk of Debian)

Both lead to the same two targets, which are HAProxy too and answer at once. Either side is loaded in turns in
one run; the ratio says how many times as long a request takes by the balancer, whose rules look at the path.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.load.contestants import Loaded, wrk
from localcloud.balancers.haproxy.proxy import HaProxy, find_problem
from localcloud.balancers.health import Health
from localcloud.balancers.model import (
    Balancer,
    Check,
    Condition,
    FixedAnswer,
    Forward,
    Listener,
    ListenerRule,
    Target,
    TargetGroup,
    TargetName,
)

ROUNDS, SECONDS, CLIENTS, PORT = 5, 4.0, 10, 18080
BALANCER, BARE, TARGETS = "127.77.254.1", "127.77.254.2", ("127.77.254.3", "127.77.254.4")
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"

_HEAD = """global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
"""


def main() -> int:
    """Measure, print a line for each side, return the exit code."""
    if problem := find_problem():
        sys.stderr.write(f"{problem}\n")
        return 1
    with tempfile.TemporaryDirectory() as made, _bare(Path(made)), _balancer(Path(made)):
        rounds = [(_load(BARE), _load(BALANCER)) for _ in range(ROUNDS)]
    for side, found in zip(("bare HAProxy", "balancer"), zip(*rounds, strict=True), strict=True):
        rate = median(one.rate for one in found)
        times = " ".join(
            f"{name} {median(one.corrected[name] for one in found) * 1e3:.2f} ms" for name in ("p50", "p99")
        )
        sys.stdout.write(f"{side:13} {rate:8,.0f} requests/s, {times}\n")
    ratios = sorted(bare.rate / ours.rate for bare, ours in rounds)
    sys.stdout.write(f"ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})\n")
    return 0


def _load(address: str) -> Loaded:
    return wrk(f"http://{address}:{PORT}/cluster1/x", CLIENTS, SECONDS)


@contextmanager
def _bare(folder: Path) -> Iterator[None]:
    """Run the targets, and a proxy that does no more than lead to them in turns."""
    sites = "".join(f"  bind {address}:{PORT}\n" for address in TARGETS)
    servers = "".join(f"  server s{n} {address}:{PORT}\n" for n, address in enumerate(TARGETS))
    answer = '  http-request return status 200 content-type text/plain string "ok"\n'
    texts = {
        "targets": f"{_HEAD}frontend targets\n{sites}{answer}",
        "bare": f"{_HEAD}listen bare\n  bind {BARE}:{PORT}\n  balance roundrobin\n{servers}",
    }
    running = []
    try:
        for name, text in texts.items():
            file = folder / f"{name}.cfg"
            file.write_text(text)
            running.append(subprocess.Popen(["haproxy", "-db", "-q", "-f", file]))  # noqa: S603, S607
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait()


@contextmanager
def _balancer(folder: Path) -> Iterator[None]:
    """Run a balancer with two clusters and a default answer."""
    check = Check(None, "/", 10.0, 5.0, 2, 2, "200")
    groups = tuple(
        TargetGroup(
            f"{ARN}targetgroup/{name}/0", check,
            tuple(
                Target(TargetName(f"i-{n}", PORT), address, "us-east-1a") for n, address in enumerate(TARGETS)
            ),
        )
        for name in ("cluster1", "cluster2")
    )  # fmt: skip
    rules = [
        ListenerRule(
            (Condition("path-pattern", (f"/{name}", f"/{name}/*")),), Forward(((group.arn, 1),))
        )
        for name, group in zip(("cluster1", "cluster2"), groups, strict=True)
    ]  # fmt: skip
    default = ListenerRule((), FixedAnswer(404, "text/plain", "no such path"))
    listener = Listener(PORT, (*rules, default))
    proxy = HaProxy(folder / "balancers")
    try:
        problems = proxy.bring(
            [Balancer(f"{ARN}loadbalancer/app/b/1", BALANCER, (listener,), groups)],
            lambda group, name: Health("healthy"),
        )
        if problems:
            raise RuntimeError(problems)
        yield
    finally:
        proxy.stop()


if __name__ == "__main__":
    sys.exit(main())
