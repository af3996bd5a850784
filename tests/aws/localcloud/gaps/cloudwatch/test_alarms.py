"""Alarms go off by real messages in a queue, in a cloud in which a minute takes a second."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.localcloud.gaps.cloudwatch.alarms import WAITING, depth, maths, queries, state
from tests.patience import wait_for

Client = Callable[[str], Any]


@pytest.fixture
def name() -> str:
    return f"jobs-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def queue(quick: Client, name: str) -> str:
    return str(quick("sqs").create_queue(QueueName=name)["QueueUrl"])


@pytest.fixture
def cloudwatch(quick: Client, name: str) -> Iterator[Any]:
    yield quick("cloudwatch")
    quick("cloudwatch").delete_alarms(AlarmNames=[name])


def history(cloudwatch: Any, name: str, kind: str) -> list[str]:
    """Return the summaries, the oldest first."""
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName=name, HistoryItemType=kind, ScanBy="TimestampAscending"
    )
    return [item["HistorySummary"] for page in pages for item in page["AlarmHistoryItems"]]


def test_an_alarm_follows_the_messages_in_a_queue(
    quick: Client, cloudwatch: Any, queue: str, name: str
) -> None:
    cloudwatch.put_metric_alarm(**maths(name, WAITING))
    wait_for(lambda: state(cloudwatch, name) == "OK")

    quick("sqs").send_message(QueueUrl=queue, MessageBody="a job")
    wait_for(lambda: state(cloudwatch, name) == "ALARM")
    (message,) = quick("sqs").receive_message(QueueUrl=queue)["Messages"]
    quick("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    wait_for(lambda: state(cloudwatch, name) == "OK")

    assert history(cloudwatch, name, "StateUpdate") == [
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateReason"] == (
        "Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (0.0)."
    )


def test_a_changed_alarm_keeps_its_state_and_one_without_data_has_none(
    cloudwatch: Any, queue: str, name: str
) -> None:
    cloudwatch.put_metric_alarm(**depth(name))
    assert state(cloudwatch, name) in ("INSUFFICIENT_DATA", "OK")
    wait_for(lambda: state(cloudwatch, name) == "OK")

    elsewhere = [{"Name": "QueueName", "Value": f"{name}-not-there"}]
    cloudwatch.put_metric_alarm(**depth(name, Dimensions=elsewhere, TreatMissingData="ignore"))
    assert state(cloudwatch, name) == "OK"
    cloudwatch.put_metric_alarm(**depth(name, Dimensions=elsewhere))
    wait_for(lambda: state(cloudwatch, name) == "INSUFFICIENT_DATA")
    cloudwatch.put_metric_alarm(**depth(name, Dimensions=elsewhere, TreatMissingData="breaching"))
    wait_for(lambda: state(cloudwatch, name) == "ALARM")


def test_a_state_that_was_set_is_the_true_one_again_soon(cloudwatch: Any, queue: str, name: str) -> None:
    cloudwatch.put_metric_alarm(**depth(name))
    wait_for(lambda: state(cloudwatch, name) == "OK")

    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")

    wait_for(lambda: history(cloudwatch, name, "StateUpdate")[-1] == "Alarm updated from ALARM to OK")
    assert history(cloudwatch, name, "StateUpdate")[-2] == "Alarm updated from OK to ALARM"


def test_an_action_of_scaling_is_tried_each_minute_and_others_once(
    quick: Client, cloudwatch: Any, queue: str, name: str
) -> None:
    scaling = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x:autoScalingGroupName/g:policyName/p"
    topic = "arn:aws:sns:us-east-1:123456789012:topic"
    quick("sqs").send_message(QueueUrl=queue, MessageBody="a job")

    cloudwatch.put_metric_alarm(**depth(name, AlarmActions=[scaling, topic], OKActions=[topic]))
    wait_for(lambda: len(history(cloudwatch, name, "Action")) >= 4)

    done = history(cloudwatch, name, "Action")
    # Once by each change of the state: it may have been OK before.
    changes = len(
        [one for one in history(cloudwatch, name, "StateUpdate") if "to OK" in one or "to ALARM" in one]
    )
    assert sum(topic in one for one in done) == changes
    assert f"Action {scaling} failed: there is no such scaling policy any more" in done
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    before = history(cloudwatch, name, "StateUpdate")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a drill")
    wait_for(lambda: len(history(cloudwatch, name, "StateUpdate")) >= len(before) + 2)
    assert sum(topic in one for one in history(cloudwatch, name, "Action")) == changes


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"EvaluationPeriods": 1, "DatapointsToAlarm": 2}, "at most EvaluationPeriods, 1"),
        ({"TreatMissingData": "forget"}, "forget is not supported"),
        ({"Period": 45}, "The period 45 is not supported"),
        ({"EvaluationPeriods": 2_000}, "more than 86400 seconds"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "LessThanLowerThreshold"),
        ({"Statistic": "Median"}, "Median"),
    ],
)
def test_an_alarm_that_cannot_work_is_refused(
    cloudwatch: Any, name: str, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        cloudwatch.put_metric_alarm(**depth(name, **asked))
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_an_alarm_has_at_most_ten_metrics_and_its_expression_counts_apart(cloudwatch: Any, name: str) -> None:
    first, *_, decides = queries(name, "visible")
    metrics = [first, *({**first, "Id": f"more{at}"} for at in range(10))]

    cloudwatch.put_metric_alarm(**maths(name, "", Metrics=[*metrics[:10], decides]))
    assert len(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["Metrics"]) == 11

    with pytest.raises(ClientError, match="at most 10 metrics") as refused:
        cloudwatch.put_metric_alarm(**maths(name, "", Metrics=[*metrics, decides]))
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("SOMETIMES(visible)", "SOMETIMES is not known"),
        ("visible + absent", "'absent' is the id of no metric"),
        ("1 + 1", "is a number, and must be one series"),
        ("visible +", "ends too early"),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused(
    cloudwatch: Any, name: str, expression: str, said: str
) -> None:
    now = datetime.now(UTC)
    with pytest.raises(ClientError, match=said) as refused:
        cloudwatch.put_metric_alarm(**maths(name, expression))
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match=said.replace("one series", "a series")):
        cloudwatch.get_metric_data(
            StartTime=now - timedelta(seconds=5), EndTime=now, MetricDataQueries=queries(name, expression)
        )


def test_a_queue_s_traffic_is_told_and_can_be_reckoned_with(quick: Client, queue: str, name: str) -> None:
    cloudwatch, sqs, start = quick("cloudwatch"), quick("sqs"), datetime.now(UTC) - timedelta(seconds=5)
    entries = [{"Id": str(index), "MessageBody": "x"} for index in range(3)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]

    def total(metric: str, statistic: str = "Sum") -> float:
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName=metric,
            Dimensions=[{"Name": "QueueName", "Value": name}],
            StartTime=start,
            EndTime=datetime.now(UTC),
            Period=86_400,
            Statistics=[statistic],
        )
        return sum(one[statistic] for one in answer["Datapoints"])

    wait_for(lambda: total("ApproximateNumberOfMessagesNotVisible") > 0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    wait_for(lambda: total("NumberOfMessagesDeleted") == 1)

    assert total("NumberOfMessagesSent") == 3
    assert total("NumberOfMessagesReceived") == 1
    assert total("ApproximateAgeOfOldestMessage", "Maximum") > 0
    listed = cloudwatch.list_metrics(Namespace="AWS/SQS", Dimensions=[{"Name": "QueueName", "Value": name}])[
        "Metrics"
    ]
    assert len(listed) == 7
    (result,) = cloudwatch.get_metric_data(
        StartTime=start,
        EndTime=datetime.now(UTC),
        MetricDataQueries=queries(name, "IF(visible > 1, 10 * visible)"),
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    assert (result["Id"], set(result["Values"]) - {30}) == ("waiting", {20})
    assert result["Timestamps"] == sorted(result["Timestamps"])


def test_own_metrics_are_kept_by_their_dimensions(quick: Client, name: str) -> None:
    cloudwatch, now = quick("cloudwatch"), datetime.now(UTC)
    for value, host in ((1, "a"), (3, "a"), (9, "b")):
        where = [{"Name": "host", "Value": host}]
        datum = {"MetricName": "load", "Value": value, "Dimensions": where, "Timestamp": now}
        cloudwatch.put_metric_data(Namespace=name, MetricData=[datum])

    (point,) = cloudwatch.get_metric_statistics(
        Namespace=name,
        MetricName="load",
        Dimensions=[{"Name": "host", "Value": "a"}],
        StartTime=now - timedelta(seconds=60),
        EndTime=now + timedelta(hours=1),
        Period=864_000,
        Statistics=["Average", "SampleCount"],
    )["Datapoints"]

    assert (point["Average"], point["SampleCount"]) == (2, 2)
