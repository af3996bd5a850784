"""The ages of queues' oldest messages, as CloudWatch knows them; each question costs money."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jobfleet.aws.account import Account
from jobfleet.queues import queue_counts as queues
from jobfleet.queues.queue_counts import Kind

# SQS reports the age once a minute, some minutes late, and not at all for queues that were idle for hours:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
AGE_METRIC = "ApproximateAgeOfOldestMessage"
AGE_PERIOD_SECONDS = 60
AGE_REACH = timedelta(minutes=15)

# A thousand metrics cost 0.01 $ (https://aws.amazon.com/cloudwatch/pricing/). Three of them every five
# seconds cost as much as an instance, and say nothing new before a minute is over.
KEPT_SECONDS = 60.0


@dataclass(frozen=True)
class Age:
    """How old a queue's oldest message was at a time, by CloudWatch."""

    oldest: timedelta
    at: datetime


class QueueAges:
    """Asks CloudWatch about one stack's queues, and keeps what it said for a minute."""

    def __init__(self, account: Account, clock: Callable[[], float] = time.monotonic) -> None:
        self._account, self._clock = account, clock
        self._kept: dict[Kind, tuple[float, Age | None]] = {}

    def of(self, kinds: Collection[Kind]) -> dict[Kind, Age]:
        """Return the ages of queues; one that CloudWatch may not tell or does not know is left out."""
        now = self._clock()
        fresh = {kind for kind, (asked_at, _) in self._kept.items() if now - asked_at < KEPT_SECONDS}
        wanted = [kind for kind in kinds if kind not in fresh]
        if wanted:
            found = self._ask(wanted)
            self._kept |= {kind: (now, found.get(kind)) for kind in wanted}
        return {kind: age for kind in kinds if (age := self._kept[kind][1])}

    def _ask(self, kinds: list[Kind]) -> dict[Kind, Age]:
        queries: list[dict[str, Any]] = [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SQS",
                        "MetricName": AGE_METRIC,
                        "Dimensions": [{"Name": "QueueName", "Value": queues.name_of(self._account, kind)}],
                    },
                    "Period": AGE_PERIOD_SECONDS,
                    "Stat": "Maximum",
                },
            }
            for number, kind in enumerate(kinds)
        ]
        now = datetime.now(UTC)
        try:
            answer = self._account.cloudwatch.get_metric_data(
                MetricDataQueries=queries,
                StartTime=now - AGE_REACH,
                EndTime=now,
                ScanBy="TimestampDescending",
            )
        except Exception:  # noqa: BLE001 - whatever it is, the rest of the picture stands without it
            return {}
        ages: dict[Kind, Age] = {}
        for result in answer.get("MetricDataResults", ()):
            newest = max(zip(result["Timestamps"], result["Values"], strict=True), default=None)
            if newest:
                ages[kinds[int(result["Id"][1:])]] = Age(timedelta(seconds=newest[1]), newest[0])
        return ages
