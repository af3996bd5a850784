"""Scenarios from files, their bounds, and the words for what is wrong with them."""

import json
from pathlib import Path

import pytest
from jobfleet.bench.scenario.named import ASSIGNMENT
from jobfleet.bench.scenario.scenario import Phase, Scenario
from jobfleet.bench.scenario.scenario_file import find_scenario, read_scenario
from jobfleet.errors import BadInput


def read(text: str) -> Scenario:
    return read_scenario(text.encode(), "s.yml")


def test_a_file_has_phases_and_what_goes_for_all() -> None:
    found = read(
        "phases:\n  - {name: first, requests: 100, clients: 5}\n  - {pause: 2.5}\n"
        "  - {rate: 20, duration: 30}\nwarm_up: 0\nrounds: 5\ntime_limit: 600\n"
    )
    phases = (
        Phase("first", requests=100, clients=5), Phase("phase 2", pause=2.5),
        Phase("phase 3", rate=20, duration=30),
    )  # fmt: skip
    assert found == Scenario(phases, warm_up=0, rounds=5, time_limit=600)
    assert [phase.expected for phase in phases] == [100, None, 600]


def test_json_is_taken_too(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"phases": [{"requests": 3}]}))
    assert find_scenario(str(path)).phases == (Phase("phase 1", requests=3),)


def test_the_assignment_has_its_requests_and_its_pause() -> None:
    assert find_scenario("assignment") is ASSIGNMENT
    ASSIGNMENT.check()
    told = [(phase.requests, phase.pause) for phase in ASSIGNMENT.phases]
    assert told == [(1_000, 0), (500, 0), (None, 60), (1_000, 0)]


def test_phases_without_clients_get_those_of_the_command_line_each_number_a_phase() -> None:
    scenario = Scenario((Phase("a", requests=1), Phase("b", pause=1), Phase("c", requests=1, clients=3)))
    assert [phase.name for phase in scenario.with_clients([1, 10]).phases] == [
        "a, 1 client", "a, 10 clients", "b", "c",
    ]  # fmt: skip
    assert [phase.clients for phase in scenario.with_clients([7]).phases] == [7, None, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("phases: [", "neither YAML nor JSON"),
        ("[" * 1_500, "neither YAML nor JSON"),
        ("1", "expected fields such as phases"),
        ("{}", "`phases` must be a list"),
        ("phases: []", "1 to 50 phases"),
        ("phases: [{pause: 1}]", "one of which sends"),
        ("phases: [{request: 1}]", "did you mean"),
        ("phases: [{requests: 1.5}]", "requests is '1.5'; it must be a whole number"),
        ("phases: [{requests: true}]", "must be a whole number"),
        ("phases: [{requests: 0}]", "requests is 0; it must be above 0 and at most 1,000,000"),
        ("phases: [{requests: 2000000}]", "at most 1,000,000"),
        ("phases: [{requests: 1, clients: 501}]", "clients is 501; it must be above 0 and at most 500"),
        ("phases: [{requests: 1, rate: 2001}]", "rate is 2,001; it must be above 0 and at most 2,000"),
        ("phases: [{requests: 1, rate: .nan}]", "rate is nan"),
        ("phases: [{duration: .inf}]", "duration is inf"),
        ("phases: [{rate: 1}]", "give requests, duration, or both"),
        ("phases: [{requests: 1, rate: 1, clients: 1}]", "but not both"),
        ("phases: [{requests: 1, pause: 1}]", "a pause sends nothing"),
        ("phases: [{rate: 2000, duration: 3600}]", "at most 1,000,000 requests"),
        ("phases: [{name: a, requests: 1}, {name: a, requests: 1}]", "two phases are called a"),
        ("phases: [{requests: 1}]\nrounds: 21", "rounds is 21"),
        ("phases: [{requests: 1, name: [1]}]", "`name` must be a text"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(BadInput) as found:
        read(text)
    assert words in str(found.value)


def test_a_file_that_is_not_there_or_too_large_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no scenario nowhere\.yml: give a file, or assignment"):
        find_scenario("nowhere.yml")
    (tmp_path / "large").write_bytes(b" " * 70_000)
    with pytest.raises(BadInput, match="larger than 65,536 bytes"):
        find_scenario(str(tmp_path / "large"))
