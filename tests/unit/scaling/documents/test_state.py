"""The common state reads back as it was written, and of a damaged one what can be read is read."""

import json
from math import inf, nan
from typing import Any

import pytest
from jobfleet_scaling.documents.state import Cordon, ScalingState

from tests.scaling_fleet import NOW

WHOLE = ScalingState(
    "i-1",
    NOW,
    3,
    {"i-2": Cordon(NOW, "surplus")},
    ((NOW, 1.5),),
    7,
    0.25,
    2.0,
    {"i-2": 9},
    "i-3",
    {"t": "4"},
    48.5,
)


@pytest.mark.parametrize("one", [WHOLE, ScalingState()])
def test_it_reads_back_as_it_was_written(one: ScalingState) -> None:
    assert ScalingState.read(one.to_json()) == one


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
    read = ScalingState.read(json.dumps({**told, name: damage}))
    others = sorted(vars(WHOLE).keys() - {name})
    assert [getattr(read, each) for each in others] == [getattr(WHOLE, each) for each in others]
