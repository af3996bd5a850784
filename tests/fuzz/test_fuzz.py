"""The first cases of each target, the same in every run: what is found here was broken by the last change.

`make soak` goes on with seeds that nobody has seen.
"""

import pytest

from tests.fuzz.run import report, run
from tests.fuzz.targets import TARGETS

# About a minute of CPU time in all.
CASES = {"documents": 8_000, "images": 8_000, "messages": 500, "numbers": 2_000}

# What cases must have come to, among all else, so that their making is worth the time.
REACHED = {
    "documents": [
        "result: read",
        "result: bad-result",
        "heartbeat: 1 operations",
        "configuration: damaged",
        "program: taken",
    ],
    "images": [
        "done: strip",
        "done: pipeline",
        "done: histogram",
        "broken-image",
        "not-an-image",
        "too-many-pixels",
        "trailing-data",
    ],
    "messages": [
        "succeeded",
        "passed-over",
        "failed: bad-parameter",
        "failed: no-such-input",
        "unreadable: bad-event",
    ],
    "numbers": ["numbers", "columns", "bad-number", "not-text", "no-column", "bad-csv"],
}


def test_each_target_has_its_cases() -> None:
    assert CASES.keys() == REACHED.keys() == TARGETS.keys()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_nothing_is_found_among_the_first_cases(name: str) -> None:
    outcome = run(TARGETS[name], range(CASES[name]))

    assert not outcome.finds, "\n".join(report(outcome))
    assert outcome.executions == CASES[name]
    assert [word for word in REACHED[name] if word not in outcome.words] == []
