"""What a log of scaling comes to, in parts of equal length."""

from datetime import UTC, datetime, timedelta

from jobfleet.stack.scaling.history import HistoryPart, history
from jobfleet_scaling.documents.scaling_line import ScalingLine

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def line(minutes: float, event: str = "decided", **numbers: int) -> ScalingLine:
    return ScalingLine(NOON + timedelta(minutes=minutes), "i-1", event, **numbers)  # type: ignore[arg-type]


def test_a_part_has_the_greatest_numbers_of_its_decisions() -> None:
    lines = [
        line(-1, visible=99),
        line(0, visible=3, in_flight=2, wanted=1, running=0),
        line(29, visible=1, in_flight=1, wanted=2, running=1),
        line(41, visible=0, in_flight=0, wanted=0, running=0),
        line(45, "woke"),
        line(60, visible=99),
    ]
    assert history(lines, NOON, NOON + timedelta(hours=1), 3) == [
        HistoryPart(NOON, 5, 1, 0),
        HistoryPart(NOON + timedelta(minutes=20), 2, 2, 1),
        HistoryPart(NOON + timedelta(minutes=40), 0, 0, 0),
    ]
