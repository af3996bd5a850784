"""A heartbeat reads back as it was written, and of a damaged one what can be read is read."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from typing import Any

import pytest
from jobfleet_jobs.protocol.heartbeat import Heartbeat

AT = datetime(2026, 3, 1, 12, 30, 5, 250_000, tzinfo=UTC)
WHOLE = Heartbeat(
    "i-1", at=AT, started=AT, version="1.2", python="3.13", in_flight=3, slots=2,
    busy_seconds=61.25, paused="credentials", credentials_age=12.5, counts={"succeeded": 7},
    last_job=("an-id", AT),
    offer={"operations": ["stats"], "lacking": {"text": "no"}},
)  # fmt: skip


@pytest.mark.parametrize("one", [WHOLE, replace(WHOLE, stopped=True), Heartbeat("i-2"), Heartbeat("")])
def test_it_reads_back_as_it_was_written(one: Heartbeat) -> None:
    assert Heartbeat.read(one.to_json()) == one


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (name, damage)
        for name in json.loads(WHOLE.to_json())
        for damage in (None, "?", 3, nan, inf, 10**400, [], {}, [{}])
    ],
)
def test_what_is_damaged_takes_nothing_else_with_it(name: str, damage: Any) -> None:
    told = json.loads(WHOLE.to_json())
    read = Heartbeat.read(json.dumps({**told, name: damage}))

    others = {
        "worker", "at", "started", "stopped", "in_flight", "slots", "busy_seconds", "paused",
        "credentials_age", "counts",
    } - {name}  # fmt: skip
    assert [getattr(read, each) for each in sorted(others)] == [
        getattr(WHOLE, each) for each in sorted(others)
    ]


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "3", "null"])
def test_what_is_no_object_tells_nothing(text: str) -> None:
    assert Heartbeat.read(text, "i-3") == Heartbeat("i-3")
