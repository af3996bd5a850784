"""Which target gets a request, and what becomes of requests when targets change."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from localcloud.balancers.model import FixedAnswer, Forward, Target, TargetName
from tests.aws.localcloud.balancers.bench import ADDRESS, Answer, Bench, Site
from tests.patience import patience, wait_for

Elsewhere = Callable[[Callable[[], Any]], threading.Thread]


@pytest.fixture
def pair(bench: Bench) -> tuple[Site, Site]:
    return bench.site("a"), bench.site("b")


def test_targets_take_turns(bench: Bench, pair: tuple[Site, Site]) -> None:
    bench.forwards_to(*(site.target() for site in pair))

    assert bench.shares(20) == {"a": 10, "b": 10}


def test_an_unhealthy_target_gets_no_requests_and_all_get_some_where_none_is_healthy(
    bench: Bench, pair: tuple[Site, Site]
) -> None:
    first, second = (site.target() for site in pair)
    group = bench.forwards_to(first, second)
    bench.set_health(group, first, "healthy")
    bench.set_health(group, second, "unhealthy")
    assert bench.shares(10) == {"a": 10}
    bench.set_health(group, first, "unhealthy")
    assert bench.shares(10) == {"a": 5, "b": 5}
    bench.set_health(group, second, "healthy")
    assert bench.shares(10) == {"b": 10}


def test_a_client_stays_with_its_target_until_the_target_is_gone(
    bench: Bench, pair: tuple[Site, Site]
) -> None:
    targets = [site.target() for site in pair]
    group = bench.forwards_to(*targets, sticky=60)
    first = bench.ask("/")
    cookie = f"AWSALB={first.cookies['AWSALB']}"

    assert set(first.cookies) == {"AWSALB", "AWSALBCORS"}
    assert bench.shares(10, Cookie=cookie) == {first.body: 10}
    server, _, _ = first.cookies["AWSALB"].partition("_")
    assert bench.shares(10, Cookie=f"AWSALB={server}_1") == {"a": 5, "b": 5}  # expired
    others = [replace(one, draining=one.name.id == f"i-{first.body}") for one in targets]
    bench.targets(group, *others)
    assert bench.shares(10, Cookie=cookie) == {"b" if first.body == "a" else "a": 10}


def held(bench: Bench, site: Site, elsewhere: Elsewhere) -> tuple[threading.Thread, list[Answer]]:
    """Begin a request that `site` keeps."""
    answers: list[Answer] = []

    def ask() -> None:
        try:
            answers.append(bench.ask("/held"))
        except (OSError, http.client.HTTPException) as error:
            answers.append(Answer(0, {}, repr(error), {}))

    thread = elsewhere(ask)
    assert site.holding.wait(patience(60))
    return thread, answers


def test_a_target_that_drains_ends_what_it_has_and_gets_no_more(
    bench: Bench, pair: tuple[Site, Site], elsewhere: Elsewhere
) -> None:
    first, second = pair
    group = bench.forwards_to(first.target())
    thread, answers = held(bench, first, elsewhere)

    bench.targets(group, first.target(draining=True), second.target())
    assert bench.shares(10) == {"b": 10}
    assert answers == []
    first.go_on.set()
    thread.join()
    assert (answers[0].status, answers[0].body) == (200, "a")


def test_what_a_target_still_has_ends_with_its_deregistration(
    bench: Bench, pair: tuple[Site, Site], elsewhere: Elsewhere
) -> None:
    first, second = pair
    group = bench.forwards_to(first.target(), second.target())
    bench.targets(group, first.target())
    thread, answers = held(bench, first, elsewhere)

    bench.targets(group, second.target())
    thread.join()

    assert answers[0].status in (0, 502, 503)
    assert bench.shares(4) == {"b": 4}
    # The server itself is taken away once nothing hangs on it, and can come back.
    first.go_on.set()
    bench.targets(group, second.target(), first.target())

    def both_answer() -> bool:
        bench.targets(group, second.target(), first.target())
        return bench.shares(4) == {"a": 2, "b": 2}

    wait_for(both_answer)


def test_other_rules_cost_no_request_and_no_connection(
    bench: Bench, pair: tuple[Site, Site], elsewhere: Elsewhere
) -> None:
    """Listeners and rules need another process; clients ask all the time while it takes the ports over."""
    first, second = pair
    group = bench.forwards_to(first.target(), second.target())
    thread, answers = held(bench, first, elsewhere)
    stop, statuses = threading.Event(), []

    def go_on() -> None:
        while not stop.is_set() and len(statuses) < 5_000:
            statuses.append(bench.ask("/").status)

    asking = [elsewhere(go_on) for _ in range(2)]
    for number in range(5):
        before = len(statuses)
        bench.rules(default=Forward(((group.arn, number + 1),), sticky=60))
        wait_for(lambda before=before: len(statuses) > before + 3)  # type: ignore[misc]
    stop.set()
    for one in asking:
        one.join()

    assert set(statuses) == {200}
    first.go_on.set()
    thread.join()
    assert (answers[0].status, answers[0].body) == (200, "a")


def test_other_targets_cost_no_request_on_connections_that_are_kept(
    bench: Bench, pair: tuple[Site, Site]
) -> None:
    first, second = (site.target() for site in pair)
    group = bench.forwards_to(first)
    connection = http.client.HTTPConnection(ADDRESS, bench.port, timeout=patience(60))
    connection.connect()
    own = connection.sock.getsockname()
    seen = []
    for targets in ([first], [first, second], [second], [second, first], [first]):
        bench.targets(group, *targets)
        for _ in range(4):
            connection.request("GET", "/")
            seen.append(connection.getresponse().read().decode())
    assert connection.sock.getsockname() == own
    connection.close()

    assert seen[:4] == ["a"] * 4
    assert set(seen[4:8]) == {"a", "b"}
    assert seen[8:12] == ["b"] * 4
    assert seen[-4:] == ["a"] * 4


def test_errors_are_those_of_a_balancer(bench: Bench) -> None:
    group = bench.forwards_to()
    assert bench.ask("/").status == 503
    refusing = Target(TargetName("i-none", 1), "127.77.254.99", "us-east-1a")
    bench.targets(group, refusing)
    answer = bench.ask("/")
    assert answer.status == 502
    assert "<h1>502 Bad Gateway</h1>" in answer.body
    assert answer.headers["server"] == "awselb/2.0"


def test_a_target_that_is_silent_too_long_is_a_gateway_timeout(bench: Bench) -> None:
    site = bench.site("slow")
    bench.balancer = replace(bench.balancer, idle_timeout=1)
    bench.forwards_to(site.target())

    assert bench.ask("/held").status == 504


def test_a_port_that_is_taken_is_a_problem_of_its_balancer_alone(bench: Bench) -> None:
    site = bench.site("one")
    bench.forwards_to(site.target())
    taken = replace(bench.balancer, arn=f"{bench.balancer.arn}2", address=site.address, groups=())
    taken = replace(taken, listeners=(replace(taken.listeners[0], rules=()),))

    problems = bench.proxy.bring([bench.balancer, taken], lambda group, name: None)

    assert list(problems) == [taken.arn]
    assert "is taken" in problems[taken.arn]
    assert bench.ask("/").body == "one"


def test_no_port_stays_open_without_a_listener(bench: Bench) -> None:
    bench.rules(default=FixedAnswer(200, "text/plain", "yes"))
    assert bench.ask("/").status == 200
    bench.bring(replace(bench.balancer, listeners=()))

    def is_closed() -> bool:
        try:
            bench.ask("/")
        except ConnectionRefusedError:
            return True
        return False

    wait_for(is_closed)
