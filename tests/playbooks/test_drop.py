"""The drop folder on a real host: nothing but a plain S3 client puts anything anywhere."""

import io
import json
from typing import Any

import pytest
from jobfleet_jobs.protocol.names import StackNames
from PIL import Image

from tests.patience import wait_for
from tests.playbooks.conftest import REPOSITORY, Stack

BUCKET = "{}-123456789012-us-east-1"
NAMES = ["a b+c%20d.png", "ünï/日本 'x' \"y\".png", "-rf $(id);`x`.png", "x" * 200 + ".png"]


@pytest.fixture
def s3(stack: Stack) -> Any:
    """A plain S3 client."""
    client = stack.client("s3")
    yield client
    client.close()


def tags(s3: Any, bucket: str, key: str) -> dict[str, str]:
    found = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_a_photo_numbers_and_a_folder_with_hostile_names_are_done_without_a_client(
    stack: Stack, s3: Any
) -> None:
    bucket = BUCKET.format(stack.name)
    small = io.BytesIO()
    Image.new("RGB", (9, 7), (200, 100, 50)).save(small, "PNG")
    dropped = {
        "incoming/greyscale/photo.jpg": (REPOSITORY / "examples/photo.jpg").read_bytes(),
        "incoming/stats/numbers.txt": (REPOSITORY / "examples/numbers.txt").read_bytes(),
        **{f"incoming/thumbnail/folder/{name}": small.getvalue() for name in NAMES},
    }
    s3.put_object(Bucket=bucket, Key="incoming/thumbnail/folder/", Body=b"")
    for key, data in dropped.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data)

    wait_for(lambda: all("jobfleet:outcome" in tags(s3, bucket, key) for key in dropped), 120)

    for key in dropped:
        told = tags(s3, bucket, key)
        result = json.loads(
            s3.get_object(Bucket=bucket, Key=f"results/{told['jobfleet:job']}.json")["Body"].read()
        )
        assert (told["jobfleet:outcome"], result["status"], result["dropped"]) == (
            "succeeded",
            "succeeded",
            key,
        )
        if key.startswith("incoming/stats"):
            assert result["result"]["count"] == len(dropped[key].split())
            continue
        output = s3.get_object(Bucket=bucket, Key=key.replace("incoming/", "outputs/", 1))["Body"].read()
        with Image.open(io.BytesIO(output)) as image, Image.open(io.BytesIO(dropped[key])) as before:
            assert image.size == before.size
            assert image.mode == ("L" if "greyscale" in key else "RGB")


def test_what_leads_events_to_the_queue_is_shown_and_put_back(stack: Stack, s3: Any) -> None:
    bucket, sqs = BUCKET.format(stack.name), stack.client("sqs")
    url = sqs.get_queue_url(QueueName=StackNames(stack.name).requests)["QueueUrl"]
    wanted = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    [statement] = [one for one in json.loads(policy)["Statement"] if one["Effect"] == "Allow"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    theirs = {
        **wanted[0],
        "Id": "theirs",
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "x/"}]}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [theirs]}
    )
    open_to_all = json.dumps(
        {"Version": "2012-10-17", "Statement": [{**statement, "Principal": "*", "Condition": {}}]}
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": open_to_all})

    foreseen = stack.play("playbooks/provision.yml", "--check", "--diff")
    made = stack.play("playbooks/provision.yml")

    changes = [
        "Ensure the queues exist, encrypted and with the settings they need",
        "Ensure the bucket exists, private and encrypted, and drops what is temporary after a while",
    ]
    assert foreseen.changed == made.changed == changes
    after = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(after) == json.loads(policy)
    found = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert {one["Id"] for one in found} == {"theirs", "drop-folder"}
    assert [one for one in found if one["Id"] == "drop-folder"] == wanted
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": wanted}
    )
    sqs.close()
