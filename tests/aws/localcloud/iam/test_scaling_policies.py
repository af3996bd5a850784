"""What keys may do with alarms, metrics and scaling policies."""

import uuid

from tests.aws.localcloud.iam.policed import ACCOUNT, Policed, allow, refusal


def test_of_cloudwatch_alarms_are_opened_by_name_and_namespaces_by_condition(policed: Policed) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    alarms = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:"
    alarm = {
        "Namespace": "own",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    own = {"StringEquals": {"cloudwatch:namespace": "own"}}
    cloudwatch = policed(
        allow("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", on=f"{alarms}{name}"),
        allow("cloudwatch:PutMetricData", **own),
        allow("cloudwatch:DescribeAlarms", on=f"{alarms}{name}"),
    )("cloudwatch")

    cloudwatch.put_metric_alarm(AlarmName=name, **alarm)
    cloudwatch.put_metric_data(Namespace="own", MetricData=[{"MetricName": "m", "Value": 1}])

    status, code, message = refusal(cloudwatch.put_metric_alarm, AlarmName=f"{name}-other", **alarm)
    assert (status, code) == (403, "AccessDenied")
    assert f"cloudwatch:PutMetricAlarm on resource: {alarms}{name}-other" in message
    tags = [{"Key": "a", "Value": "b"}]
    assert (
        "cloudwatch:TagResource"
        in refusal(cloudwatch.put_metric_alarm, AlarmName=name, Tags=tags, **alarm)[2]
    )
    data = [{"MetricName": "m", "Value": 1}]
    assert refusal(cloudwatch.put_metric_data, Namespace="other", MetricData=data)[1] == "AccessDenied"
    # A list is read as a whole, whatever names are asked for.
    assert f"on resource: {alarms}*" in refusal(cloudwatch.describe_alarms, AlarmNames=[name])[2]
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_of_auto_scaling_a_policy_is_opened_by_its_group(policed: Policed) -> None:
    groups = f"arn:aws:autoscaling:us-east-1:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/"
    scaling = policed(allow("autoscaling:ExecutePolicy", on=f"{groups}mine"))("autoscaling")
    arn = f"arn:aws:autoscaling:us-east-1:{ACCOUNT}:scalingPolicy:x:autoScalingGroupName/{{}}:policyName/p"

    # Both are allowed, and there is no such policy.
    assert refusal(scaling.execute_policy, PolicyName="p", AutoScalingGroupName="mine")[0] == 400
    assert refusal(scaling.execute_policy, PolicyName=arn.format("mine"))[0] == 400
    status, code, message = refusal(scaling.execute_policy, PolicyName=arn.format("theirs"))
    assert (status, code) == (403, "AccessDenied")
    assert f"on resource: {groups}theirs" in message
