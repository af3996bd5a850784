"""The needs of CloudWatch's calls.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from typing import Any

from localcloud.iam.need import Need, listed, on_each, request_tags, tags_in
from localcloud.wire.call import Call

# A list of alarms is read as a whole, whichever names it is asked for.
_ON_ALL_ALARMS = {"DescribeAlarms"}


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    action = f"cloudwatch:{call.operation}"
    place = f"arn:aws:cloudwatch:{call.region}:{account}:alarm:"
    asked = call.parameters
    if call.operation in _ON_ALL_ALARMS:
        return [Need(action, f"{place}*")]
    if call.operation == "PutMetricData":
        return [Need(action, context={"cloudwatch:namespace": str(asked.get("Namespace", ""))})]
    names = _values(asked, "AlarmName") or _values(asked, "AlarmNames")
    resources = [place + name for name in names] or _values(asked, "ResourceARN") or ["*"]
    context = request_tags(_tags(asked))
    needs = on_each(action, resources, context)
    if call.operation == "PutMetricAlarm" and context:
        needs += on_each("cloudwatch:TagResource", resources, context)
    return needs


def _values(asked: dict[str, Any], name: str) -> list[str]:
    value = asked.get(name)
    return [str(one) for one in value] if isinstance(value, list) else listed(asked, name)


def _tags(asked: dict[str, Any]) -> dict[str, str]:
    given = asked.get("Tags")
    if isinstance(given, list):
        return {str(one["Key"]): str(one["Value"]) for one in given}
    return tags_in(asked, "Tags")
