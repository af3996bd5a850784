"""S3's own events on the embedded AWS: to whom they go, and what they say."""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.patience import patience, wait_for

ACCOUNT = "123456789012"


@dataclass
class Place:
    """A bucket and a queue, which the bucket's events may go to."""

    s3: Any
    sqs: Any
    bucket: str
    arn: str
    url: str

    def allow(self, **condition: Any) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def notify(self, name: str = "prefix") -> None:
        rules = [{"Name": name, "Value": "in/"}]
        wanted = {
            "Id": "drops",
            "QueueArn": self.arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [wanted]}
        )

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while got := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(one["Body"]) for one in got]
        return found


@pytest.fixture
def place(aws: Callable[[str], Any]) -> Place:
    """A bucket and a queue that nothing is allowed to as yet."""
    name = f"events-{uuid.uuid4().hex[:8]}"
    s3, sqs = aws("s3"), aws("sqs")
    s3.create_bucket(Bucket=name)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return Place(s3, sqs, name, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}", url)


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::another"}},
        {"StringEquals": {"aws:SourceAccount": "210987654321"}},
    ],
)
def test_a_notification_is_refused_while_the_queue_does_not_let_the_bucket_send(
    place: Place, condition: dict[str, Any] | None
) -> None:
    if condition:
        place.allow(**condition)

    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        place.notify()
    assert "QueueConfigurations" not in place.s3.get_bucket_notification_configuration(Bucket=place.bucket)


@pytest.mark.parametrize("name", ["prefix", "Prefix"])
def test_a_notification_is_tried_out_and_its_filter_is_told_in_capitals(place: Place, name: str) -> None:
    place.allow(ArnEquals={"aws:SourceArn": f"arn:aws:s3:::{place.bucket}"})

    place.notify(name)

    [event] = place.messages()
    assert (event["Service"], event["Event"], event["Bucket"]) == (
        "Amazon S3",
        "s3:TestEvent",
        place.bucket,
    )
    [found] = place.s3.get_bucket_notification_configuration(Bucket=place.bucket)["QueueConfigurations"]
    assert found["Filter"]["Key"]["FilterRules"] == [{"Name": "Prefix", "Value": "in/"}]


def test_an_event_says_what_s3_says_and_encodes_the_key_as_a_form_does(place: Place) -> None:
    place.allow(StringEquals={"aws:SourceAccount": ACCOUNT})
    place.notify()
    place.messages()
    place.s3.put_object(Bucket=place.bucket, Key="elsewhere", Body=b"x")

    for body in (b"one", b"two"):
        place.s3.put_object(Bucket=place.bucket, Key="in/a b+c%é.txt", Body=body)

    first, second = (event["Records"][0] for event in place.messages())
    assert first["eventName"] == "ObjectCreated:Put"
    assert first["s3"]["bucket"]["name"] == place.bucket
    assert first["s3"]["object"]["key"] == "in/a+b%2Bc%25%C3%A9.txt"
    assert first["s3"]["object"]["eTag"] == "f97c5d29941bfb1b2fdab0874906ab82"
    assert "versionId" not in first["s3"]["object"]
    before, after = (one["s3"]["object"]["sequencer"] for one in (first, second))
    # Of two lengths, and compared as S3 says.
    assert len(before) != len(after)
    assert before.ljust(20, "0") < after.ljust(20, "0")


def test_an_upload_in_parts_is_one_event(place: Place) -> None:
    place.allow(StringEquals={"aws:SourceAccount": ACCOUNT})
    place.notify()
    place.messages()
    where = {"Bucket": place.bucket, "Key": "in/a"}
    upload = place.s3.create_multipart_upload(**where, Metadata={"a": "b"})["UploadId"]
    part = place.s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]

    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    etag = place.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)["ETag"]

    [event] = place.messages()
    assert event["Records"][0]["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert event["Records"][0]["s3"]["object"]["eTag"] == etag.strip('"')


def test_who_gets_an_event_finds_the_object_with_its_metadata(place: Place) -> None:
    place.allow(StringEquals={"aws:SourceAccount": ACCOUNT})
    place.notify()
    place.messages()
    seen: list[dict[str, str]] = []

    def look() -> None:
        for number in range(20):
            place.sqs.receive_message(QueueUrl=place.url, WaitTimeSeconds=20)
            seen.append(place.s3.head_object(Bucket=place.bucket, Key=f"in/{number}")["Metadata"])

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    for number in range(20):
        place.s3.put_object(Bucket=place.bucket, Key=f"in/{number}", Body=b"x", Metadata={"n": str(number)})
        wait_for(lambda want=number: len(seen) > want)
    looking.join(patience(30))

    assert seen == [{"n": str(number)} for number in range(20)]


def test_of_a_bucket_with_versions_an_event_names_the_version(place: Place) -> None:
    place.allow(StringEquals={"aws:SourceAccount": ACCOUNT})
    place.notify()
    place.s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    place.messages()

    version = place.s3.put_object(Bucket=place.bucket, Key="in/a", Body=b"x")["VersionId"]

    [event] = place.messages()
    assert event["Records"][0]["s3"]["object"]["versionId"] == version


def test_events_are_lost_once_the_queue_takes_back_its_leave(place: Place) -> None:
    place.allow(StringEquals={"aws:SourceAccount": ACCOUNT})
    place.notify()
    wait_for(place.messages)

    place.allow(StringEquals={"aws:SourceAccount": "210987654321"})
    place.s3.put_object(Bucket=place.bucket, Key="in/a", Body=b"x")

    assert place.messages() == []


def test_a_copy_of_what_has_changed_meanwhile_is_refused(place: Place) -> None:
    etag = place.s3.put_object(Bucket=place.bucket, Key="a b", Body=b"one")["ETag"]
    place.s3.put_object(Bucket=place.bucket, Key="a b", Body=b"two")
    source = {"Bucket": place.bucket, "Key": "a b"}

    with pytest.raises(ClientError, match="PreconditionFailed"):
        place.s3.copy_object(Bucket=place.bucket, Key="b", CopySource=source, CopySourceIfMatch=etag)
