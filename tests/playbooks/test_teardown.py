"""teardown.yml removes all of one stack and nothing of another.

The last of the playbook tests: it ends the stack.
"""

from pathlib import Path

from tests.playbooks.conftest import Stack


def everything(stack: Stack) -> dict[str, set[str]]:
    """Return what stands in the account under a name that begins with `fleet`, whoever made it."""
    ec2, sqs, s3 = (stack.client(service) for service in ("ec2", "sqs", "s3"))
    found = {
        "groups": {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]},
        "keys": {pair["KeyName"] for pair in ec2.describe_key_pairs()["KeyPairs"]},
        "queues": {url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])},
        "buckets": {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]},
    }
    for client in (ec2, sqs, s3):
        client.close()
    # Other tests leave things of their own in the same account.
    return {kind: {name for name in names if name.startswith("fleet")} for kind, names in found.items()}


def test_teardown_removes_one_stack_twice_and_leaves_the_other(stack: Stack, tmp_path: Path) -> None:
    other = Stack("fleet-two", tmp_path, stack.environment, {"instances_count": 0})
    provisioned = other.play("playbooks/provision.yml")
    assert provisioned.code == 0, provisioned.said
    assert other.instances() == []
    sqs = stack.client("sqs")
    sqs.create_queue(QueueName="fleet-reply-by-a-client", tags={"jobfleet:stack": "fleet"})
    sqs.create_queue(QueueName="fleet-by-somebody-else")
    sqs.close()

    first = stack.play("playbooks/teardown.yml")
    second = stack.play("playbooks/teardown.yml")

    assert first.code == 0, first.said
    assert "Nothing is left of the stack fleet in us-east-1." in first.said
    assert (second.code, second.changed) == (0, []), second.said
    left = everything(stack)
    assert left["queues"] == {
        "fleet-two-requests",
        "fleet-two-responses",
        "fleet-two-dead",
        "fleet-by-somebody-else",
    }
    assert left["buckets"] == {"fleet-two-123456789012-us-east-1"}
    assert left["keys"] == {"fleet-two"}
    assert left["groups"] == {"fleet-two-workers"}
    assert stack.instances() == []

    assert "Nothing is left" in other.play("playbooks/teardown.yml").said
