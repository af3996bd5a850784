"""What happens each minute on AWS's clock: metrics are published, alarms are looked at, actions are taken."""

import json
import logging
import threading

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from localcloud.gaps.cloudwatch.actions import alarmed, perform
from localcloud.gaps.cloudwatch.alarms import Watch, changing, note_change, points_of, watch_of
from localcloud.gaps.cloudwatch.clock import MINUTE, now, real
from localcloud.gaps.cloudwatch.published import publish
from localcloud.gaps.timing import aws_seconds
from localcloud.metrics.evaluation import explain, judge

log = logging.getLogger(__name__)

# A machine that was busy makes up for so many minutes and lets go of older ones.
_MADE_UP = 3


class MinuteByMinute:
    """A thread that does what is due each minute, until it is told to stop."""

    def __init__(self) -> None:
        """Begin with the minute that is under way."""
        self._stop = threading.Event()
        self._done = now() // MINUTE * MINUTE
        self._thread = threading.Thread(target=self._run, name="cloudwatch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being done."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(max(0.0, aws_seconds(self._done + MINUTE - now()))):
            last = now() // MINUTE * MINUTE
            for end in _ends(self._done, last):
                try:
                    minute_is_over(end)
                except Exception:
                    log.exception("what is due each minute failed")
            self._done = max(self._done, last)


def _ends(done: float, last: float) -> list[float]:
    """Return the ends of the minutes after `done` up to `last`, but no more than can be made up for."""
    count = int((last - done) / MINUTE)
    return [last - MINUTE * back for back in reversed(range(min(count, _MADE_UP)))]


def minute_is_over(end: float) -> None:
    """Do what is due at `end`, on AWS's clock: CloudWatch looks at each alarm once a minute."""
    publish(end)
    for regions in list(cloudwatch_backends.values()):
        for backend in list(regions.values()):
            for alarm in list(backend.alarms.values()):
                watch = watch_of(alarm)
                if watch is not None:
                    _look(backend, alarm, watch, end)


def _look(backend: CloudWatchBackend, alarm: Alarm, watch: Watch, end: float) -> None:
    points = points_of(backend, watch, end)
    with changing:
        before = alarm.state_value
        state = judge(watch.condition, points, before)
        if state != before:
            alarm.update_state(
                explain(watch.condition, points, state), _reason_data(watch, points, end), state
            )
            note_change(backend, alarm, before)
    perform(backend, alarm, alarmed(alarm, watch, points), changed=state != before)


def _reason_data(watch: Watch, points: list[float | None], end: float) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": f"{real(end):%Y-%m-%dT%H:%M:%S.000+0000}",
            "period": watch.period,
            "recentDatapoints": [value for value in reversed(points) if value is not None],
            "threshold": watch.condition.threshold,
        }
    )
