"""What the embedded AWS answers where plain moto would answer differently from AWS."""

import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud_fixture import DEBIAN_OWNER, client_of, newest_debian
from tests.patience import patience, wait_for


@pytest.mark.parametrize("release", [12, 13])
def test_debian_is_found_by_owner_and_name_and_the_newest_is_one_of_several(
    aws: Callable[[str], Any], release: int
) -> None:
    ec2 = aws("ec2")

    images = ec2.describe_images(
        Owners=[DEBIAN_OWNER], Filters=[{"Name": "name", "Values": [f"debian-{release}-amd64-*"]}]
    )["Images"]
    newest = newest_debian(ec2, release)

    assert len(images) == 2
    assert newest["Description"].startswith(f"Debian {release} (")
    assert newest["CreationDate"] > min(image["CreationDate"] for image in images)
    assert (newest["Architecture"], newest["VirtualizationType"]) == ("x86_64", "hvm")
    assert (newest["RootDeviceName"], newest["RootDeviceType"]) == ("/dev/xvda", "ebs")
    assert newest["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is True
    assert ec2.describe_images(Owners=["self"])["Images"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ImageId": "ami-00000000000000000"}, "InvalidAMIID.NotFound"),
        ({"KeyName": "no-such-key"}, "InvalidKeyPair.NotFound"),
        ({"InstanceType": "t3.gigantic"}, "InvalidInstanceType.NotFound"),
    ],
)
def test_an_instance_of_what_does_not_exist_is_refused_and_leaves_nothing(
    aws: Callable[[str], Any], hosts: object, wrong: dict[str, str], code: str
) -> None:
    ec2 = aws("ec2")
    before = ec2.describe_instances()["Reservations"]
    wish = {
        "ImageId": newest_debian(ec2)["ImageId"],
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
    }

    with pytest.raises(ClientError) as refused:
        ec2.run_instances(**(wish | wrong))

    assert refused.value.response["Error"]["Code"] == code
    assert len(ec2.describe_instances()["Reservations"]) == len(before)


def test_a_queue_is_encrypted_by_default_and_keeps_its_policy_when_something_else_is_set(
    sqs: Any, queue: str
) -> None:
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}]}'
    )
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})

    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "77"})

    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["VisibilityTimeout"] == "77"
    assert attributes["Policy"] == policy
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def test_no_message_is_lost_or_given_twice_to_many_at_once(localcloud: dict[str, str], queue: str) -> None:
    got: Counter[str] = Counter()

    def send(sender: int) -> None:
        client = client_of(localcloud, "sqs")
        for number in range(20):
            client.send_message(QueueUrl=queue, MessageBody=f"{sender}-{number}")
        client.close()

    def receive() -> None:
        client = client_of(localcloud, "sqs")
        while got.total() < 120 and time.monotonic() < deadline:
            answer = client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                got[message["Body"]] += 1
                client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        client.close()

    deadline = time.monotonic() + patience(30)
    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    threads += [threading.Thread(target=receive) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience(60))

    assert got == Counter(f"{sender}-{number}" for sender in range(6) for number in range(20))


def test_a_message_does_not_go_to_a_killed_program_s_long_poll(
    localcloud: dict[str, str], sqs: Any, queue: str
) -> None:
    program = (
        "import boto3, sys; sqs = boto3.client('sqs'); print('polls', flush=True);"
        "sqs.receive_message(QueueUrl=sys.argv[1], WaitTimeSeconds=20)"
    )
    polling = subprocess.Popen(
        [sys.executable, "-c", program, queue], env=localcloud, stdout=subprocess.PIPE, text=True
    )
    with polling:
        assert polling.stdout is not None
        assert polling.stdout.readline() == "polls\n"
        wait_for_connection(polling.pid)
        polling.kill()

    sqs.send_message(QueueUrl=queue, MessageBody="for the living")

    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == "for the living"


def wait_for_connection(pid: int) -> None:
    """Wait until `pid` has a connection; its request is on the way a moment later."""
    wait_for(lambda: any("socket:" in str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()))


def test_a_message_given_back_goes_to_a_waiting_poll_at_once(
    localcloud: dict[str, str], sqs: Any, queue: str
) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="again")
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)

    [again] = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"], WaitTimeSeconds=1
    )["Messages"]

    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="no such handle")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])


def test_every_message_is_counted_while_holds_run_out(sqs: Any, queue: str) -> None:
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
    for _ in range(20):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    # They come back one batch after the other.
    for _ in range(20):
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=1)

    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = []
    for _ in range(1_000):
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        counts.append([int(found[name]) for name in names])
        if counts[-1] == [200, 0]:
            break
    assert counts[0][1] > 0, "all came back before they were counted"
    assert counts[-1] == [200, 0]
    assert {sum(count) for count in counts} == {200}


def test_a_standard_queue_is_fair_among_message_groups(sqs: Any, queue: str) -> None:
    for batch in range(5):
        entries = [
            {"Id": str(number), "MessageBody": f"{batch}", "MessageGroupId": "folder"} for number in range(10)
        ]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    sqs.send_message(QueueUrl=queue, MessageBody="short", MessageGroupId="other")
    wanted = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["MessageGroupId"]}

    received = [sqs.receive_message(**wanted)["Messages"] for _ in range(4)]

    assert {message["Attributes"]["MessageGroupId"] for message in received[0]} == {"folder"}
    assert "other" in {message["Attributes"]["MessageGroupId"] for batch in received for message in batch}


@pytest.mark.parametrize("wrong", ["", "a group", "ä", "x" * 129])
def test_a_group_s_name_that_sqs_does_not_take_is_refused(sqs: Any, queue: str, wrong: str) -> None:
    entries = [{"Id": "1", "MessageBody": "x", "MessageGroupId": wrong}]

    for call, what in ((sqs.send_message, {"MessageBody": "x", "MessageGroupId": wrong}),
                       (sqs.send_message_batch, {"Entries": entries})):  # fmt: skip
        with pytest.raises(ClientError, match="MessageGroupId"):
            call(QueueUrl=queue, **what)


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(sqs: Any, queue: str) -> None:
    dead = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 2}}'
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=queue, MessageBody="poison")

    received = [len(sqs.receive_message(QueueUrl=queue).get("Messages", [])) for _ in range(3)]

    assert received == [1, 1, 0]
    assert sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "poison"


def test_the_server_listens_on_the_loopback_interface_only(localcloud: dict[str, str]) -> None:
    port = int(localcloud["AWS_ENDPOINT_URL"].rpartition(":")[2])

    # Another address of the same machine, as good as any that is not 127.0.0.1.
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.77.255.1", port), timeout=5):
        pass


def test_each_request_is_a_line_in_the_log(localcloud: dict[str, str], aws: Callable[[str], Any]) -> None:
    aws("s3").create_bucket(Bucket="logged")
    aws("s3").put_object(Bucket="logged", Key="a key", Body=b"")
    aws("sqs").list_queues()
    aws("ec2").describe_regions()

    lines = (Path(localcloud["LOCALCLOUD_RUN"]) / "requests.log").read_text()

    assert "PUT s3 /logged/a%20key 200 " in lines
    assert "POST sqs ListQueues 200 " in lines
    assert "POST ec2 DescribeRegions 200 " in lines
