"""Settings of alarms on a queue and a group of the same name."""

from typing import Any

WAITING = "IF(visible > 0 AND FILL(running, 0) < 1, 1, 0)"


def depth(name: str, **more: Any) -> dict[str, Any]:
    """The settings of an alarm on the depth of a queue."""
    return {
        "AlarmName": name,
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": name}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        **more,
    }


def queries(name: str, expression: str) -> list[dict[str, Any]]:
    """Depth of a queue, instances in service of a group, and an expression over them."""

    def of(id_: str, namespace: str, metric: str, dimension: str) -> dict[str, Any]:
        named = {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": dimension, "Value": name}],
        }
        return {
            "Id": id_,
            "MetricStat": {"Metric": named, "Period": 60, "Stat": "Maximum"},
            "ReturnData": False,
        }

    return [
        of("visible", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
        of("running", "AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName"),
        {"Id": "waiting", "Expression": expression, "ReturnData": True},
    ]


def maths(name: str, expression: str, **more: Any) -> dict[str, Any]:
    """The settings of an alarm on an expression."""
    return {
        "AlarmName": name,
        "Metrics": queries(name, expression),
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        **more,
    }


def state(cloudwatch: Any, name: str) -> str:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])
