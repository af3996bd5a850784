"""CloudWatch: SetAlarmState with its consequences, and DescribeAlarmHistory."""

from typing import Any

from moto.cloudwatch.exceptions import CloudWatchException
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from localcloud.gaps.cloudwatch.actions import alarmed, perform
from localcloud.gaps.cloudwatch.alarms import changing, note_change, points_of, watch_of
from localcloud.gaps.cloudwatch.clock import now, on_clock
from localcloud.gaps.cloudwatch.records import history_of
from localcloud.gaps.patching import put_over

_MOST = 100


class _InvalidNextToken(CloudWatchException):
    code = "InvalidNextToken"


def mend() -> None:
    """Mend all gaps of these requests."""
    _who_sets_a_state_sets_its_actions_off()
    CloudWatchResponse.describe_alarm_history = _describe_alarm_history  # type: ignore[attr-defined]


def _who_sets_a_state_sets_its_actions_off() -> None:
    """SetAlarmState does all that a change of the state does; a minute later the state is the true one again.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
    moto sets the state.
    """
    set_state = CloudWatchBackend.set_alarm_state

    def set_alarm_state(
        backend: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str | None, state_value: str
    ) -> None:
        with changing:
            alarm = backend.alarms.get(alarm_name)
            before = alarm.state_value if alarm else ""
            set_state(backend, alarm_name, reason, reason_data or "{}", state_value)
            note_change(backend, backend.alarms[alarm_name], before)
        alarm = backend.alarms[alarm_name]
        watch = watch_of(alarm)
        if watch is not None and state_value != before:
            perform(backend, alarm, alarmed(alarm, watch, points_of(backend, watch, now())), changed=True)

    put_over(CloudWatchBackend, "set_alarm_state", set_alarm_state)


def _describe_alarm_history(response: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmHistory; moto does not know it."""
    asked: dict[str, Any] = response._get_params()
    items = [item for item in history_of(response.cloudwatch_backend).newest_first() if _fits(item, asked)]
    if asked.get("ScanBy") == "TimestampAscending":
        items.reverse()
    try:
        start = int(asked.get("NextToken") or 0)
    except ValueError as problem:
        raise _InvalidNextToken(f"The token {asked['NextToken']!r} is none of this history") from problem
    end = start + min(int(asked.get("MaxRecords") or _MOST), _MOST)
    more = {"NextToken": str(end)} if len(items) > end else {}
    return ActionResult({"AlarmHistoryItems": items[start:end], **more})


def _fits(item: dict[str, Any], asked: dict[str, Any]) -> bool:
    moment = on_clock(item["Timestamp"])
    return (
        asked.get("AlarmName") in (None, item["AlarmName"])
        and asked.get("HistoryItemType") in (None, item["HistoryItemType"])
        and (not asked.get("AlarmTypes") or item["AlarmType"] in asked["AlarmTypes"])
        and ("StartDate" not in asked or moment >= on_clock(asked["StartDate"]))
        and ("EndDate" not in asked or moment <= on_clock(asked["EndDate"]))
    )
