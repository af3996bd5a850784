"""docs/policies/web.json: the process does all it can with a key of that policy, and needs all of it."""

import json
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import requests
from jobfleet.answers.reply_queue_sweep import queue_name
from jobfleet_jobs.protocol.message import LARGE_BYTES
from jobfleet_jobs.protocol.names import STACK_TAG, StackNames, image_offer_key

from localcloud.door.call_log import read_calls
from tests.browser.site import ACCOUNT, Site
from tests.localcloud_fixture import new_key
from tests.patience import patience, wait_for
from tests.pictures import saved, smooth
from tests.policies import Place, statements_of
from tests.scaling_bench import Scaled, decisions

BATCHES, JOBS, UPLOAD = "/api/v1/batches", "/api/v1/jobs", "/api/v1/upload"
NUMBERS = ("n.txt", b"1 2 3", "text/plain")
LARGE = b"1.5 " * (LARGE_BYTES // 4 + 1)


@dataclass
class Visitor:
    """A program that asks a web host for everything."""

    site: Site
    key: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, method: str, path: str, status: int, **more: Any) -> requests.Response:
        """Send a request; return the answer, which must have that status."""
        auth = ("anybody", self.site.token)
        answer = self.session.request(
            method, self.site.url + path, auth=auth, timeout=patience(60), allow_redirects=False, **more
        )
        assert answer.status_code == status, (method, path, answer.text[:2_000])
        return answer

    def send(self, operation: str, *files: Any, status: int = 200, **headers: str) -> dict[str, Any]:
        """Upload files and wait for their jobs."""
        parts = [("file", one) for one in files]
        headers = {"Prefer": "wait=100", **headers}
        given = {"data": {"operation": operation}, "files": parts, "headers": headers}
        return dict(self.ask("POST", UPLOAD, status, **given).json())

    def rows(self) -> list[dict[str, Any]]:
        """Return what the web host's key has called so far."""
        path = Path(self.key["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return list(read_calls(path, access_key=self.key["AWS_ACCESS_KEY_ID"]))

    def called(self, action: str) -> bool:
        """Tell whether it has made such a call."""
        return any(row["action"] == action for row in self.rows())


@pytest.fixture
def place(localcloud: dict[str, str]) -> Place:
    return Place(f"p{uuid.uuid4().hex[:8]}", ACCOUNT, localcloud["AWS_REGION"])


@pytest.fixture
def visitor(
    localcloud: dict[str, str], aws: Callable[[str], Any], place: Place, tmp_path: Path
) -> Iterator[Visitor]:
    """Somebody at a site whose web host has a key of the policy, and finds what a killed one left."""
    document = {"Version": "2012-10-17", "Statement": statements_of("web")}
    (tmp_path / "policy.json").write_text(place.fill_in(json.dumps(document)))
    key = new_key(localcloud, policy=tmp_path / "policy.json")
    left = queue_name(StackNames(place.stack), time.time() - 2 * 24 * 3_600, "0" * 8)
    aws("sqs").create_queue(QueueName=left, tags={STACK_TAG: place.stack})
    own = {**key, "XDG_STATE_HOME": str(tmp_path / "state")}
    site = Site(localcloud, aws("sqs"), aws("s3"), tmp_path, name=place.stack, web_cloud=own)
    wait_for(lambda: aws("s3").list_objects_v2(Bucket=site.bucket, Prefix="workers/").get("Contents"), 60)
    # A log as if its hosts scaled.
    scaled = Scaled(site).publish(image="0123456789ab")
    scaled.log(*decisions(3))
    scaled.put(image_offer_key("0123456789ab"), b'{"operations": ["stats"]}')
    yield Visitor(site, key)
    site.close()


def test_the_process_needs_the_permissions_of_its_policy_and_no_others(
    visitor: Visitor, place: Place, aws: Callable[[str], Any]
) -> None:
    look_at_the_stack(visitor)
    sent = send_and_fetch(visitor)
    send_many(visitor)
    send_again(visitor)
    send_large_ones(visitor)
    # A process that knows nothing finds the same in the bucket.
    stop(visitor, aws)
    visitor.site.start()
    read(visitor, sent)
    look_at_the_stack(visitor)
    stop(visitor, aws)
    look_at_the_next_hosts(visitor)
    stop(visitor, aws)

    rows = visitor.rows()
    refused = [(row["action"], row["resource"], row["refused"]) for row in rows if row["refused"]]
    assert refused == []
    called = {(row["action"], row["resource"]) for row in rows}
    unused = {
        (action, resource)
        for statement in statements_of("web")
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not any(action == one and fnmatchcase(arn, place.fill_in(resource)) for one, arn in called)
    }
    assert unused == set()


def look_at_the_stack(visitor: Visitor) -> None:
    for path in ("/readyz", "/", "/scaling", "/api/v1/operations", "/metrics", "/api/v1/fleet"):
        answer = visitor.ask("GET", path, 200)
    assert answer.json()["workers"]["alive"] == 1


def look_at_the_next_hosts(visitor: Visitor) -> None:
    """Ask a process that knows nothing for operations, when no worker lives."""
    visitor.site.worker.send_signal(signal.SIGTERM)
    assert visitor.site.worker.wait(patience(60)) == 0
    visitor.site.start()
    assert visitor.ask("GET", "/api/v1/operations", 200).json()["next_hosts"] is True


def send_and_fetch(visitor: Visitor) -> dict[str, Any]:
    picture = ("a.png", saved(smooth(20, 30)), "image/png")
    sent = visitor.send("greyscale", picture, ("b.png", b"words"), status=422)
    failed = next(job for job in sent["jobs"] if job["status"] == "failed")
    again = visitor.ask("POST", failed["links"]["retry"], 202).json()
    assert again["retry_of"] == failed["id"]
    numbers = visitor.ask("POST", "/api/v1/stats", 200, json=[1, 2]).json()["jobs"][0]
    visitor.ask("POST", BATCHES, 201)
    visitor.ask("GET", numbers["links"]["input"], 200)
    read(visitor, sent)
    return sent


def read(visitor: Visitor, sent: dict[str, Any]) -> None:
    """Read all that there is of a batch with one output."""
    links, [done] = sent["links"], [job for job in sent["jobs"] if job["status"] == "succeeded"]
    assert len(visitor.ask("GET", links["self"], 200).json()["jobs"]) == 3
    visitor.ask("GET", links["page"], 200)
    visitor.ask("GET", links["zip"], 200)
    visitor.ask("GET", done["links"]["self"], 200)
    visitor.ask("GET", done["links"]["output"], 206, headers={"Range": "bytes=0-3"})
    visitor.ask("GET", done["links"]["input"], 200)
    visitor.ask("GET", f"{JOBS}/{uuid.uuid4()}", 404)
    with visitor.ask("GET", links["events"], 200, stream=True) as stream:
        assert any(line.startswith(b"event: job") for line in stream.iter_lines())


def send_many(visitor: Visitor) -> None:
    """Send so many that the reply queue has more answers than one call brings."""
    sent = visitor.send("stats", *[NUMBERS] * 30)
    assert len(sent["jobs"]) == 30
    wait_for(lambda: visitor.called("sqs:DeleteMessage"), 20)


def send_again(visitor: Visitor) -> None:
    """Send the same under one key: it is the same job."""
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (visitor.send("stats", NUMBERS, **key) for _ in range(2))
    assert first["jobs"][0]["id"] == second["jobs"][0]["id"]


def send_large_ones(visitor: Visitor) -> None:
    """Send what goes to the bucket in parts: to its end, once more for nothing, and broken off."""
    key = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(2):
        assert visitor.send("stats", ("large.txt", LARGE), **key)["jobs"][0]["result"]["mean"] == 1.5
    assert visitor.called("s3:DeleteObject")
    url = visitor.site.url.removeprefix("http://")
    head = (
        f"POST {UPLOAD}?operation=stats HTTP/1.1\r\nHost: {url}\r\n"
        f"Authorization: Bearer {visitor.site.token}\r\n"
        f"Content-Length: {3 * LARGE_BYTES}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="broken.txt"\r\n\r\n'
    )
    host, _, port = url.partition(":")
    with socket.create_connection((host, int(port)), timeout=patience(20)) as connection:
        connection.sendall(head.encode() + 2 * LARGE)
    wait_for(lambda: visitor.called("s3:AbortMultipartUpload"), 20)


def stop(visitor: Visitor, aws: Callable[[str], Any]) -> None:
    """Stop the process; its reply queue goes with it."""
    visitor.site.web.send_signal(signal.SIGTERM)
    assert visitor.site.web.wait(patience(60)) == 0
    prefix = visitor.site.names.replies_prefix
    assert aws("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", []) == []
