"""A stack made by hand on moto's server, reached over HTTP through a front that can misbehave."""

import json
import os
import subprocess
import sys
import threading
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Inline, Request, Result, Stored
from jobfleet_jobs.protocol.names import StackNames
from jobfleet_jobs.results.result_lookup import KeyPage, find_result

from localcloud.gaps import dispatch, ec2, s3
from localcloud.gaps.sqs import messages, queues
from tests.aws.front import Front
from tests.faults.processes import Systemd
from tests.localcloud_fixture import EC2_OF_SESSION, living_instances
from tests.patience import wait_for
from tests.places import REPOSITORY

REGION, ACCOUNT = "us-east-1", "123456789012"
VISIBILITY_TIMEOUT = 6


@dataclass
class Stack:
    """Queues and a bucket as the playbook makes them; `front` is what workers and clients talk to."""

    name: str
    front: Front
    sqs: Any
    s3: Any
    folder: Path
    max_attempts: int = 3
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = StackNames(self.name)
        self.bucket = self.names.bucket(ACCOUNT, REGION)
        self.s3.create_bucket(Bucket=self.bucket)
        self.dead = self._queue(self.names.dead_letters)
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.names.dead_letters}"
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": self.max_attempts})
        self.requests = self._queue(self.names.requests, RedrivePolicy=redrive)
        self.responses = self._queue(self.names.responses)
        self.reply_to = f"{self.names.replies_prefix}test"
        self.replies = self._queue(self.reply_to)

    def open_drop_folder(self) -> "Stack":
        """Let S3's events go to the request queue, as the playbook does."""
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.names.requests}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{self.bucket}"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.requests, Attributes={"Policy": policy})
        wanted = {
            "QueueArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}},
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [wanted]}
        )
        return self

    def drop(self, name: str, data: bytes, **more: Any) -> str:
        """Put an object into the drop folder as any program does; return its key."""
        self.s3.put_object(Bucket=self.bucket, Key=f"incoming/{name}", Body=data, **more)
        return f"incoming/{name}"

    def _queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    @property
    def environment(self) -> dict[str, str]:
        """What a worker or client process needs."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JOBFLEET_"))
        }
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.front.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self.folder),
            "STATE_DIRECTORY": str(self.folder),
        }

    def request(self, operation: str = "stats", source: str | bytes = "1 2 3", **more: Any) -> Request:
        """Return a request; bytes are put into the bucket."""
        job_id = new_job_id()
        if isinstance(source, bytes):
            self.s3.put_object(Bucket=self.bucket, Key=f"uploads/{job_id}/x", Body=source)
        given = Inline(source) if isinstance(source, str) else Stored(self.bucket, f"uploads/{job_id}/x")
        fields = {
            "id": job_id,
            "operation": operation,
            "input": given,
            "submitted_at": "2026-01-01T00:00:00Z",
        }
        return Request(**{**fields, "reply_to": self.reply_to, **more})

    def send(self, body: str | Request, group: str | None = None) -> None:
        """Put a message on the request queue, in a group if one is named."""
        self.sqs.send_message(
            QueueUrl=self.requests, MessageBody=body if isinstance(body, str) else body.to_json(),
            **({"MessageGroupId": group} if group else {}),
        )  # fmt: skip

    def groups(self, queue: str) -> Counter[str | None]:
        """Return the groups of up to ten messages of a queue, with how many are in each; they stay."""
        answer = self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0,
            MessageSystemAttributeNames=["MessageGroupId"],
        )  # fmt: skip
        messages = answer.get("Messages", ())
        return Counter(message.get("Attributes", {}).get("MessageGroupId") for message in messages)

    def waiting(self, queue: str) -> int:
        """How many messages a queue holds, the ones in somebody's hands included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def visible(self) -> int:
        """How many requests any worker may take now."""
        names = ["ApproximateNumberOfMessages"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.requests, AttributeNames=names)["Attributes"]
        return int(found[names[0]])

    def forget_purges(self) -> None:
        """Let queues be purged again as if a minute had gone by since they last were."""
        from moto.sqs.models import sqs_backends

        for queue in sqs_backends[ACCOUNT][REGION].queues.values():
            queue.last_purged_at = None

    def age(self, key: str, minutes: int) -> None:
        """Let an object look as if it had been put so many minutes earlier."""
        from moto.s3.models import s3_backends

        s3_backends[ACCOUNT]["aws"].buckets[self.bucket].keys[key].last_modified -= timedelta(minutes=minutes)

    def take(self, queue: str) -> dict[str, Any]:
        """Take the one message from a queue."""
        answer = self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        (message,) = answer["Messages"]
        self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)

    def answer(self, queue: str | None = None) -> Result:
        """Take the one answer from the reply queue."""
        return Result.from_json(self.take(queue or self.replies)["Body"])

    def stored(self, job_id: str) -> Result:
        """Return the result in the bucket; one that is not there yet is `NoSuchKey`."""
        key = f"results/{job_id}.json"
        found = find_result(job_id, self._read, self._list_page)
        return found or Result.from_json(self.object(key).decode())

    def _read(self, key: str) -> str | None:
        try:
            return self.object(key).decode()
        except self.s3.exceptions.NoSuchKey:
            return None

    def _list_page(self, prefix: str, after: str) -> KeyPage:
        return KeyPage.of(self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix, StartAfter=after))

    def object(self, key: str) -> bytes:
        """Return an object of the bucket."""
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def logged(self) -> list[dict[str, Any]]:
        """Return all log lines in the bucket."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="logs/").get("Contents", [])
        return [json.loads(line) for item in found for line in self.object(item["Key"]).splitlines()]

    def settings_file(self, **changes: Any) -> Path:
        """Write a worker's settings file."""
        values = {
            "stack": self.name,
            "region": REGION,
            "bucket": self.bucket,
            "request_queue": self.names.requests,
            "response_queue": self.names.responses,
            "dead_letter_queue": self.names.dead_letters,
            "endpoint_url": self.front.url,
            "worker_id": "w1",
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "wait_time": 1,
            "spool": str(self.folder / "spool"),
            **changes,
        }
        path = self.folder / f"worker-{uuid.uuid4().hex}.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        return path

    def worker(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a worker as a process of its own."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jobfleet_worker",
                *(arguments or ("--config", str(self.settings_file()))),
            ],
            cwd=REPOSITORY,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def until(self, holds: Callable[[], Any], seconds: float = 60) -> None:
        """Wait until something holds."""
        wait_for(holds, seconds, lambda: f"calls: {self.front.calls[-20:]}")


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    """The port of a moto server in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from moto.server import ThreadedMotoServer
    # Messages as SQS takes and gives them, events and listings as S3 sends them; else moto is as it is.
    for service in (dispatch, ec2, s3, queues, messages):
        service.mend()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture(scope="session")
def moto_clients(moto_port: int) -> Iterator[tuple[Any, Any]]:
    """SQS and S3 without the front, for the tests' own looks."""
    session = boto3.Session("key", "secret", region_name=REGION)
    clients = [session.client(name, endpoint_url=f"http://127.0.0.1:{moto_port}") for name in ("sqs", "s3")]
    yield clients[0], clients[1]
    for client in clients:
        client.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """End a file of tests only when none of its instances is left in the cloud: others count them."""
    yield
    made = item.session.stash.get(EC2_OF_SESSION, None)
    if made and nextitem and nextitem.path != item.path:
        ec2 = made()
        wait_for(lambda: not living_instances(ec2), 60, lambda: str(living_instances(ec2)))


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    """What a worker tells systemd."""
    one = Systemd(tmp_path)
    yield one
    one.close()


@pytest.fixture
def stack(moto_port: int, moto_clients: tuple[Any, Any], tmp_path: Path) -> Iterator[Stack]:
    """A stack of its own for each test."""
    front = Front(moto_port)
    thread = threading.Thread(target=front.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    made = Stack(f"t{uuid.uuid4().hex[:8]}", front, *moto_clients, tmp_path)
    yield made
    for process in made.processes:
        process.kill()
        process.communicate()
    front.shutdown()
    front.server_close()
    thread.join()
