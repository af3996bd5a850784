"""How the command line of a load is read."""

from typing import Any

import click
import pytest
from jobfleet.bench.scenario.named import ASSIGNMENT
from jobfleet.bench.scenario.scenario import Phase
from jobfleet.cli.commands.bench.load_options import lists_joined, scenario_of
from jobfleet.errors import BadInput


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("--clients 1 10 50", "--clients 1,10,50"),
        ("--clients 1 10 http://x", "--clients 1,10 http://x"),
        ("--concurrency 5 --requests 10 20", "--concurrency 5 --requests 10 20"),
        ("--clients 1,2 3", "--clients 1,2 3"),
        ("--clients", "--clients"),
        ("--clients --rate 5", "--clients --rate 5"),
        ("a 1 2", "a 1 2"),
    ],
)
def test_numbers_after_the_option_are_one_list(typed: str, read: str) -> None:
    assert lists_joined(typed.split()) == read.split()


def options(**given: Any) -> dict[str, Any]:
    names = ("requests", "clients", "rate", "duration", "warm_up", "scenario", "rounds")
    return {**dict.fromkeys(names), **given}


def phases(**given: Any) -> list[Phase]:
    return list(scenario_of(options(**given), 1_000, 10).phases)


def test_nothing_said_is_a_thousand_requests_by_ten_clients() -> None:
    assert phases() == [Phase("1,000 requests", requests=1_000, clients=10)]


def test_each_number_of_clients_is_a_phase() -> None:
    assert phases(clients=(1, 50), requests=5) == [
        Phase("5 requests, 1 client", requests=5, clients=1),
        Phase("5 requests, 50 clients", requests=5, clients=50),
    ]


def test_a_rate_and_a_duration_are_an_open_loop() -> None:
    assert phases(rate=20.0, duration=60.0) == [Phase("60 s", duration=60.0, rate=20.0)]


def test_a_named_scenario_takes_clients_warm_up_and_rounds() -> None:
    found = scenario_of(options(scenario="assignment", clients=(1,), warm_up=0, rounds=3), 1_000, 10)
    assert found == type(found)(ASSIGNMENT.with_clients([1]).phases, warm_up=0, rounds=3)


@pytest.mark.parametrize(
    ("given", "problem", "words"),
    [
        ({"scenario": "assignment", "rate": 1.0}, click.UsageError, "has its phases"),
        ({"rate": 1.0, "clients": (1,)}, click.UsageError, "but not both"),
        ({"clients": (501,)}, BadInput, "at most 500"),
        ({"rate": 5_000.0}, BadInput, "at most 2,000"),
        ({"rounds": 21}, BadInput, "at most 20"),
    ],
)
def test_what_goes_not_together_or_too_far_is_told(
    given: dict[str, Any], problem: type[Exception], words: str
) -> None:
    with pytest.raises(problem) as found:
        scenario_of(options(**given), 1_000, 10)
    assert words in str(found.value)
