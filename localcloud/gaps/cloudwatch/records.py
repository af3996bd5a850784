"""What is kept beside moto's own record of CloudWatch in a region: data points, and the alarms' history."""

import json
import threading
from collections import deque
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.core.utils import utcnow

from localcloud.metrics.series import MetricStore

# AWS keeps an alarm's history for 30 days. Here it is so many items in a region.
_HISTORY_ITEMS = 5_000


class AlarmHistory:
    """What happened to alarms, also to those that were deleted. Safe for several threads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._items: deque[dict[str, Any]] = deque(maxlen=_HISTORY_ITEMS)
        self._lock = threading.Lock()

    def add(self, alarm: str, kind: str, summary: str, data: dict[str, Any]) -> None:
        """Note something; `kind` is `ConfigurationUpdate`, `StateUpdate` or `Action`."""
        item = {
            "AlarmName": alarm,
            "AlarmType": "MetricAlarm",
            "Timestamp": utcnow(),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", **data}),
        }
        with self._lock:
            self._items.append(item)

    def newest_first(self) -> list[dict[str, Any]]:
        """Return all that is known."""
        with self._lock:
            return list(reversed(self._items))


def store_of(backend: CloudWatchBackend) -> MetricStore:
    """Return the data points of a region."""
    found: MetricStore = backend.__dict__.setdefault("localcloud_points", MetricStore())
    return found


def history_of(backend: CloudWatchBackend) -> AlarmHistory:
    """Return the history of a region's alarms."""
    found: AlarmHistory = backend.__dict__.setdefault("localcloud_history", AlarmHistory())
    return found
