"""When targets count as well, and when not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from localcloud.balancers.checking import TargetChecks
from localcloud.balancers.health import CheckFailure, Health, codes_hold, probe
from localcloud.balancers.model import Balancer, Check, Target, TargetGroup, TargetName
from tests.patience import wait_for

CHECK = Check(None, "/healthz", 10.0, 0.2, healthy=3, unhealthy=2, codes="200,210-219")
BAD = CheckFailure("Target.Timeout", "Request timed out")


def states(*answers: CheckFailure | None) -> list[str]:
    health, found = Health(), []
    for one in answers:
        health.note(one, CHECK)
        found.append(health.state)
    return found


def test_the_first_good_answer_makes_a_new_target_healthy() -> None:
    assert states(None) == ["healthy"]
    assert states(BAD, None) == ["initial", "healthy"]


def test_a_target_is_unhealthy_after_so_many_bad_answers_in_a_row() -> None:
    assert states(None, BAD, None, BAD, BAD) == ["healthy"] * 4 + ["unhealthy"]
    assert states(BAD, BAD) == ["initial", "unhealthy"]


def test_it_is_healthy_again_after_so_many_good_answers_in_a_row() -> None:
    assert states(BAD, BAD, None, None, BAD, None, None, None)[1:] == ["unhealthy"] * 6 + ["healthy"]


def test_codes_are_single_ones_and_ranges() -> None:
    assert [code for code in range(195, 225) if codes_hold("200,210-219", code)] == [200, *range(210, 220)]


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        self.server.go_on.wait(self.server.held)  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.seen, server.held, server.status = [], 0, 200  # type: ignore[attr-defined]
    server.go_on = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.go_on.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def asked(site: ThreadingHTTPServer) -> CheckFailure | None:
    target = Target(TargetName("i-1", site.server_address[1]), "127.0.0.1", "us-east-1a")
    return probe(target, CHECK, "127.0.0.1")


def test_a_probe_asks_for_the_path_under_the_address_of_the_target(site: ThreadingHTTPServer) -> None:
    assert asked(site) is None
    [(path, headers)] = site.seen  # type: ignore[attr-defined]
    assert path == "/healthz"
    assert headers["Host"] == f"127.0.0.1:{site.server_address[1]}"
    assert headers["User-Agent"] == "ELB-HealthChecker/2.0"


def test_a_probe_tells_why_a_target_is_not_well(site: ThreadingHTTPServer) -> None:
    site.status = 503  # type: ignore[attr-defined]
    assert asked(site) == ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")
    site.held = 60  # type: ignore[attr-defined]
    assert asked(site) == ("Target.Timeout", "Request timed out")
    target = Target(TargetName("i-1", 1), "127.0.0.1", "us-east-1a")
    assert probe(target, CHECK, "127.0.0.1") == ("Target.FailedHealthChecks", "Health checks failed")


class Asking:
    """TargetChecks of one group on a clock that is set by hand."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0
        self.checks = TargetChecks(lambda: self.now, lambda seconds: seconds / 2, self._ask)

    def _ask(self, target: Target, check: Check, source: str) -> CheckFailure | None:
        self.asked += 1
        return None

    def turn(self, address: str | None = "127.0.0.2", *, draining: bool = False) -> float | None:
        target = Target(TargetName("i-1", 80), address, "us-east-1a", draining)
        balancers = [Balancer("b", "127.0.0.9", (), (TargetGroup("g", CHECK, (target,)),))]
        return self.checks.turn(balancers, lambda: None)

    def state(self) -> str | None:
        health = self.checks.health("g", TargetName("i-1", 80))
        return health.state if health else None


def test_a_target_is_asked_once_an_interval_of_aws_clock() -> None:
    asking = Asking()
    asking.turn()
    wait_for(lambda: asking.state() == "healthy")
    assert asking.turn() == 5.0
    assert asking.asked == 1
    asking.now = 5.0
    asking.turn()
    wait_for(lambda: asking.asked == 2)
    asking.checks.stop()


def test_a_target_that_gets_no_requests_is_not_asked_and_begins_anew_later() -> None:
    asking = Asking()
    asking.turn()
    wait_for(lambda: asking.state() == "healthy")
    asking.turn(draining=True)
    assert asking.state() is None
    asking.turn(None)
    assert asking.state() is None
    asking.turn("127.0.0.3")
    wait_for(lambda: asking.asked == 2)
    asking.checks.stop()
