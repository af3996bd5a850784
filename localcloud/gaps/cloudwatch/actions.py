"""What an alarm does when its state changes, and while it stays.

"If an alarm action is an Auto Scaling action, it is invoked again once a minute as long as the alarm stays in
the state"; all others are invoked when the state changes:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

from collections.abc import Sequence

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from localcloud.gaps.cloudwatch.alarms import Watch
from localcloud.gaps.cloudwatch.records import history_of
from localcloud.gaps.scaling_policies.execution import Alarmed, NotExecuted, execute_for_alarm
from localcloud.metrics.evaluation import ALARM, OK


def alarmed(alarm: Alarm, watch: Watch, points: Sequence[float | None]) -> Alarmed:
    """Return what a scaling policy has to know of an alarm; `points` has the newest first."""
    counted = [value for value in points if value is not None][: watch.condition.periods]
    return Alarmed(alarm.name, alarm.state_value, tuple(counted), watch.condition.threshold)


def perform(backend: CloudWatchBackend, alarm: Alarm, found: Alarmed, *, changed: bool) -> None:
    """Do what the state of an alarm demands: scaling policies. Others are noted in the history only."""
    if not alarm.actions_enabled:
        return
    for action in _actions(alarm):
        if ":scalingPolicy:" in action:
            _scale(backend, alarm, found, action)
        elif changed:
            _note(backend, alarm, action, "was not executed: localcloud knows scaling policies only")


def _actions(alarm: Alarm) -> list[str]:
    match alarm.state_value:
        case state if state == ALARM:
            return list(alarm.alarm_actions)
        case state if state == OK:
            return list(alarm.ok_actions)
        case _:
            return list(alarm.insufficient_data_actions)


def _scale(backend: CloudWatchBackend, alarm: Alarm, found: Alarmed, action: str) -> None:
    try:
        execute_for_alarm(action, found)
    except NotExecuted as reason:
        _note(backend, alarm, action, f"failed: {reason}")
    else:
        _note(backend, alarm, action, "succeeded")


def _note(backend: CloudWatchBackend, alarm: Alarm, action: str, outcome: str) -> None:
    data = {"notificationResource": action, "stateUpdate": alarm.state_value, "outcome": outcome}
    history_of(backend).add(alarm.name, "Action", f"Action {action} {outcome}", data)
