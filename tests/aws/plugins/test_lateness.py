"""A first deployment's calls, where AWS does not see at once what it was told to make."""

import json
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.account.lab_limits import LabLimits
from ansible.module_utils.firewall import security_group
from ansible.module_utils.fleet.plan import find_ours
from ansible.module_utils.images.builder import Builders, builders_of
from ansible.module_utils.process import patience
from ansible.module_utils.process.listed import SECONDS_MAX, wait_until_listed
from ansible.module_utils.storage import bucket_settings, queue_settings, tagged
from ansible.module_utils.storage.bucket_lock import BucketLock
from botocore.exceptions import ClientError

# So many calls of each kind see nothing of what was made.
LATE = 2


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Wait for nothing, and return how long it would have been, step by step."""
    steps: list[int] = []
    monkeypatch.setattr(patience.time, "sleep", steps.append)
    return steps


@pytest.fixture
def name() -> str:
    return f"late-{uuid.uuid4().hex[:12]}"


def queues(name: str, **attributes: Any) -> dict[str, Any]:
    """The module's parameters for a queue with its dead-letter queue."""
    target = f"arn:aws:sqs:us-east-1:123456789012:{name}-dead"
    redrive = {"RedrivePolicy": {"deadLetterTargetArn": target, "maxReceiveCount": 5}}
    wanted = [
        {"name": f"{name}-dead", "attributes": {}},
        {"name": name, "attributes": {"VisibilityTimeout": 60, **redrive, **attributes}},
    ]
    return {"queues": wanted, "tags": {"jobfleet:stack": name}}


def bucket(name: str, **more: Any) -> Any:
    """The module `stack_bucket` with its parameters."""
    rule = {"id": "results", "prefix": "results/", "days": 30, "unfinished_days": 0}
    params = {
        "name": name,
        "policy": "",
        "tags": {"a": "b"},
        "lifecycle": [rule],
        "notifications": [],
        **more,
    }
    return SimpleNamespace(params=params, region="us-east-1", check_mode=False)


def refused(call: Callable[..., Any], **asked: Any) -> str:
    with pytest.raises(ClientError) as problem:
        call(**asked)
    return str(problem.value.response["Error"]["Code"])


def test_queues_are_made_whole_at_the_first_run(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    sqs, wanted = aws("sqs"), queues(name)
    lateness(eventual=LATE)

    made = queue_settings.ensure_present(sqs, wanted, dry=False)

    assert made["changed"]
    lateness()
    assert not queue_settings.ensure_present(sqs, wanted, dry=False)["changed"]


def test_queues_that_are_made_again_right_after_their_removal_wait_for_their_names(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, wanted = aws("sqs"), queues(name)
    queue_settings.ensure_present(sqs, wanted, dry=False)
    urls = sorted(tagged.of_sqs(sqs, "jobfleet:stack", name))
    lateness(queue_names_after=3600)
    queue_settings.ensure_absent(sqs, {"urls": urls}, dry=False)
    assert refused(sqs.create_queue, QueueName=name) == "AWS.SimpleQueueService.QueueDeletedRecently"

    steps: list[int] = []

    def sleep(seconds: int) -> None:
        steps.append(seconds)
        if sum(steps) > 60:
            lateness()

    monkeypatch.setattr(patience.time, "sleep", sleep)
    queue_settings.ensure_present(sqs, wanted, dry=False)

    assert sum(steps) > 60
    assert sorted(tagged.of_sqs(sqs, "jobfleet:stack", name)) == urls


def test_new_queues_are_found_by_their_tag_and_removed_by_their_url(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    """Where a first run was broken off, a teardown follows at once."""
    sqs = aws("sqs")
    lateness(eventual=LATE)
    url = sqs.create_queue(QueueName=f"{name}-q", tags={"jobfleet:stack": name})["QueueUrl"]

    found = list(tagged.of_sqs(sqs, "jobfleet:stack", name))
    done = queue_settings.ensure_absent(sqs, {"urls": found}, dry=False)

    assert found == [url]
    assert done["changed"]
    # It is listed for a while, and is known to be gone all the same.
    assert url in sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    assert not queue_settings.ensure_absent(sqs, {"urls": found}, dry=False)["changed"]
    assert list(tagged.of_sqs(sqs, "jobfleet:stack", name)) == []


def test_a_bucket_is_made_whole_at_the_first_run_and_tells_a_queue_made_just_now(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    sqs, s3 = aws("sqs"), aws("s3")
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    statement = {
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn,
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    lateness(eventual=LATE)
    queue_settings.ensure_present(sqs, queues(name, Policy=policy), dry=False)
    module = bucket(name, notifications=[{"id": "drop", "prefix": "in/", "queue": arn}])

    made = bucket_settings.ensure_present(module, s3)
    with BucketLock(s3, name, "locks/fleet") as lock:
        assert lock.is_safe()

    assert {"bucket", "notifications", "tags"} <= set(made["mended"])
    lateness()
    assert not bucket_settings.ensure_present(module, s3)["changed"]


def test_a_policy_that_s3_gives_back_in_another_form_is_the_same(
    aws: Callable[[str], Any], name: str
) -> None:
    s3 = aws("s3")
    arn = f"arn:aws:s3:::{name}"
    statement = {
        "Sid": "TLSOnly", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["s3:*"],
        "Resource": [f"{arn}/*", arn], "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    module = bucket(name, policy=json.dumps(policy))
    bucket_settings.ensure_present(module, s3)
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) != policy

    assert not bucket_settings.ensure_present(module, s3)["changed"]

    statement["Effect"] = "Allow"
    module.params["policy"] = json.dumps(policy)
    assert bucket_settings.ensure_present(module, s3)["mended"] == ["policy"]


def test_a_security_group_is_seen_once_it_is_made(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> None:
    ec2 = aws("ec2")
    lateness(eventual=LATE)

    security_group.make(ec2, name, "for a test", {"jobfleet:stack": name})

    assert security_group.find(ec2, name)["Tags"] == [{"Key": "jobfleet:stack", "Value": name}]  # type: ignore[index]
    # Who looked too early makes it again.
    security_group.make(ec2, name, "for a test", {"jobfleet:stack": name})
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])["SecurityGroups"]
    assert len(group) == 1


@pytest.fixture
def instance(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str
) -> Iterator[Callable[[], str]]:
    """Launches an instance that lists leave out at first; it is terminated at the end."""
    ec2, made = aws("ec2"), []

    def launch() -> str:
        lateness(eventual=LATE)
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "jobfleet:stack", "Value": name}]}]
        image = ec2.describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
        answer = ec2.run_instances(
            MinCount=1, MaxCount=1, ImageId=image, InstanceType="t3.micro", TagSpecifications=tags
        )
        made.append(answer["Instances"][0]["InstanceId"])
        return str(made[0])

    yield launch
    lateness()
    if made:
        ec2.terminate_instances(InstanceIds=made)


def test_it_is_waited_until_the_inventory_lists_what_was_launched(
    aws: Callable[[str], Any], instance: Callable[[], str], name: str
) -> None:
    ec2, launched = aws("ec2"), instance()

    def ours() -> list[str]:
        return [one["InstanceId"] for one in find_ours(ec2, name)]

    assert ours() == []
    assert wait_until_listed(ec2, [launched])
    assert ours() == [launched]


def test_what_is_never_listed_is_told(aws: Callable[[str], Any], waited: list[int]) -> None:
    assert not wait_until_listed(aws("ec2"), ["i-0123456789abcdef0"])
    assert sum(waited) >= SECONDS_MAX


def test_the_host_of_an_image_is_launched_once_the_inventory_lists_it(
    aws: Callable[[str], Any], lateness: Callable[..., None], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not be up for that, so nobody waits until it is."""
    monkeypatch.setattr(Builders, "_wait", lambda *_: None)
    ec2 = aws("ec2")
    key = ec2.create_key_pair(KeyName=name)["KeyName"]
    ec2.create_security_group(GroupName=name, Description="for a test")
    image = ec2.describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
    params = {
        **dict.fromkeys(("folder", "key_mark", "instance_profile", "ssh_from", "user_data"), ""),
        "cpu_credits": "",
        "stack": name, "name": name, "type": "t3.micro", "image_id": image, "key_name": key,
        "security_group": name, "volume_size": 8, "tags": {}, "wait_timeout": 60,
    }  # fmt: skip
    lateness(eventual=LATE)
    builders = Builders(ec2, params, LabLimits())

    launched = builders.launch()

    try:
        assert [one["InstanceId"] for one in builders_of(ec2, name)] == [launched]
    finally:
        lateness()
        builders.end([launched])
        ec2.delete_key_pair(KeyName=key)
