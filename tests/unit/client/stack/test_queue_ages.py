"""How often CloudWatch, which charges for each metric, is asked. It is a double here, and so is the clock."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from jobfleet.queues.queue_counts import DEAD_LETTERS, REQUESTS, RESPONSES
from jobfleet.stack.queue_ages import Age, QueueAges
from jobfleet_jobs.protocol.names import StackNames

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class CloudWatch:
    """Knows the age of each queue but the responses', and how many metrics it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def get_metric_data(self, MetricDataQueries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        self.asked.append(len(MetricDataQueries))
        names = [one["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for one in MetricDataQueries]
        known = [(f"q{n}", [] if "responses" in name else [90.0]) for n, name in enumerate(names)]
        return {
            "MetricDataResults": [{"Id": n, "Timestamps": [NOW][: len(v)], "Values": v} for n, v in known]
        }


def test_an_age_is_asked_for_once_a_minute_however_often_somebody_looks() -> None:
    cloudwatch, seconds = CloudWatch(), [0.0]
    account: Any = SimpleNamespace(cloudwatch=cloudwatch, settings=SimpleNamespace(names=StackNames("s1")))
    ages, known = QueueAges(account, lambda: seconds[0]), Age(timedelta(seconds=90), NOW)

    assert ages.of([]) == {}
    assert cloudwatch.asked == []
    assert ages.of([REQUESTS, RESPONSES]) == {REQUESTS: known}
    seconds[0] = 59
    assert ages.of([REQUESTS, RESPONSES]) == {REQUESTS: known}
    assert cloudwatch.asked == [2]
    # Another queue is not known yet.
    assert ages.of([REQUESTS, DEAD_LETTERS]) == {REQUESTS: known, DEAD_LETTERS: known}
    seconds[0] = 60
    assert ages.of([REQUESTS, RESPONSES, DEAD_LETTERS]) == {REQUESTS: known, DEAD_LETTERS: known}
    assert cloudwatch.asked == [2, 1, 2]
