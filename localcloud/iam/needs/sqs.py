"""The needs of SQS's calls."""

from moto.sqs.models import sqs_backends

from localcloud.iam.need import Context, Need, request_tags, resource_tags
from localcloud.wire.call import Call

# A batch needs what its single call needs.
_BATCH = "Batch"


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    action = f"sqs:{call.operation.removesuffix(_BATCH)}"
    asked = call.parameters
    arn = asked.get("SourceArn")
    if arn is None and (name := asked.get("QueueName") or _name(str(asked.get("QueueUrl") or ""))):
        arn = f"arn:aws:sqs:{call.region}:{account}:{name}"
    if not arn:
        return [Need(action)]
    context = request_tags(asked.get("tags") or asked.get("Tags") or {})
    needs = [Need(action, str(arn), context | _resource_tags(str(arn)))]
    if call.operation == "CreateQueue" and context:
        needs.append(Need("sqs:TagQueue", str(arn), context))
    return needs


def _name(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _resource_tags(arn: str) -> Context:
    _, _, _, region, account, name = arn.split(":", 5)
    queue = sqs_backends[account][region].queues.get(name)
    return {} if queue is None else resource_tags(queue.tags, "sqs")
