"""Times, sizes and strange text in words."""

from datetime import UTC, datetime, timedelta

import pytest
from jobfleet import human_text
from jobfleet_jobs.durations import duration
from jobfleet_jobs.protocol.ids import ids_from, new_job_id, sent_at

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 s"), (0, "0 s"), (0.00001, "under 0.1 ms"), (0.0012, "1.2 ms"), (0.25, "250 ms"), (1, "1 s"),
        (0.9996, "1 s"), (2.46, "2.5 s"), (9.97, "10 s"), (12.4, "12 s"), (59.6, "1 min"), (60, "1 min"),
        (185, "3 min 5 s"), (7_200, "2 h"), (7_500, "2 h 5 min"), (7_205, "2 h"), (86_400, "1 d"),
        (277_000, "3 d 4 h"), (10**8, "1157 d 9 h"),
    ],
)  # fmt: skip
def test_how_long_is_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (1, "just now"), (42.4, "42 s ago"), (200, "3 min ago"), (7_530, "2 h 5 min ago")],
)
def test_when_is_said_as_time_gone_by(seconds: float, said: str) -> None:
    assert human_text.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_234_000, "1.2 MB"), (200_000_000, "200 MB"),
        (999_600, "1.0 MB"), (5 * 10**15, "5000 TB"),
    ],
)  # fmt: skip
def test_sizes_are_said_in_thousands(count: int, said: str) -> None:
    assert human_text.size(count) == said


def test_a_time_is_given_as_how_long_ago_or_as_itself() -> None:
    assert human_text.since("10min", NOW) == human_text.since(" 10 m ", NOW) == NOW - timedelta(minutes=10)
    assert human_text.since("1.5h", NOW) == NOW - timedelta(minutes=90)
    assert human_text.since("2026-02-01T10:00+00:00") == datetime(2026, 2, 1, 10, tzinfo=UTC)
    for wrong in ("", "soon", "10 parsecs", "2026-13-01", "9" * 300 + "d"):
        with pytest.raises(ValueError, match="give how long ago"):
            human_text.since(wrong)


def test_text_of_others_moves_no_cursor() -> None:
    assert human_text.plain("a\x1b[2Jb\nc\u202e") == "a\\x1b[2Jb\\nc\\u202e"
    assert human_text.plain("é" * 20, most=3) == "ééé…"
    assert human_text.plain("\ud800") == "\\ud800"


def test_an_id_tells_when_it_was_made_and_sorts_by_it() -> None:
    first, second = new_job_id(1_800_000_000.123), new_job_id(1_800_000_000.125)
    assert sent_at(first) == datetime.fromtimestamp(1_800_000_000.123, UTC)
    assert sent_at("e9a2e56c-26e4-4c4a-a9a5-c9f8bf1a6d0f") is None
    assert first < ids_from(datetime.fromtimestamp(1_800_000_000.124, UTC)) < second
