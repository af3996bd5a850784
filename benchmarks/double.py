"""A stand-in for SQS and S3 that is faster than any worker: one process, everything in memory.

It speaks SQS's JSON protocol (what boto3 and aiobotocore speak) and S3 by path, as much of both as
the contestants use; what it does not know it refuses with 501, so that nothing is measured by
accident. It counts calls by action, can delay every answer, and says when it gave the last message
away for good. Paths under `/_double/` steer it and are neither counted nor delayed.

    python -m benchmarks.double --port 5150
"""

import argparse
import asyncio
import hashlib
import heapq
import time
import uuid
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import orjson
import uvicorn

ACCOUNT = "000000000000"
STEERING = "/_double/"

# S3's own limits: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
LIST_MAX_KEYS = 1_000
DEFAULT_VISIBILITY_SECONDS = 30

# Images come back large and are only counted: of each object under this prefix the size is kept.
ONLY_SIZES_OF = "outputs/"

Json = dict[str, Any]
Scope = Json
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]


class Refused(Exception):
    """The request cannot be answered as asked."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(slots=True)
class Message:
    """A message of a queue; `receipt` is that of its last delivery."""

    id: str
    body: str
    attributes: Json
    md5: str
    sent: int
    count: int = 0
    receipt: str = ""
    visible_at: float = 0.0
    gone: bool = False


def new_message(body: str, attributes: Json | None = None) -> Message:
    """Return a message that was sent now."""
    md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return Message(str(uuid.uuid4()), body, attributes or {}, md5, int(time.time() * 1000))


@dataclass
class Queue:
    """A standard queue: at least once, no order promised, though it keeps one."""

    ready: deque[Message] = field(default_factory=deque)
    held: dict[str, Message] = field(default_factory=dict)
    timers: list[tuple[float, str]] = field(default_factory=list)
    waiting: set[asyncio.Future[None]] = field(default_factory=set)
    deleted: int = 0
    deleted_at: float = 0.0

    def put(self, messages: Iterable[Message]) -> None:
        """Make messages visible and wake who waits for some."""
        self.ready.extend(messages)
        for future in self.waiting:
            if not future.done():
                future.set_result(None)

    def take(self, most: int, seconds: float) -> list[Message]:
        """Hand out up to `most` messages and hide them for `seconds`."""
        self.bring_back()
        taken: list[Message] = []
        while self.ready and len(taken) < most:
            message = self.ready.popleft()
            if message.gone:
                continue
            message.count += 1
            message.receipt = f"{message.id}.{message.count}"
            self.held[message.receipt] = message
            self.hide(message, seconds)
            taken.append(message)
        return taken

    def hide(self, message: Message, seconds: float) -> None:
        """Keep a held message from others for `seconds` from now."""
        message.visible_at = time.monotonic() + seconds
        heapq.heappush(self.timers, (message.visible_at, message.receipt))

    def bring_back(self) -> None:
        """Make visible again what was held too long."""
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            at, receipt = heapq.heappop(self.timers)
            message = self.held.get(receipt)
            if message and message.visible_at == at:
                del self.held[receipt]
                self.put([message])

    def delete(self, receipt: str) -> bool:
        """Take a held message away for good."""
        message = self.held.pop(receipt, None)
        if message is None:
            return False
        message.gone = True
        self.deleted += 1
        self.deleted_at = time.monotonic()
        return True

    async def wait(self, until: float) -> None:
        """Wait until messages may be there, or a hold runs out, or it is `until`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        soonest = min(until, self.timers[0][0]) if self.timers else until
        try:
            await asyncio.wait_for(future, max(0.001, soonest - time.monotonic()))
        except TimeoutError:
            pass
        finally:
            self.waiting.discard(future)


class Sqs:
    """The actions of SQS that the contestants use, by their names in `X-Amz-Target`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.queues: dict[str, Queue] = {}

    async def call(self, action: str, asked: Json) -> Json:
        """Answer one call. Raises `Refused`."""
        if action == "ReceiveMessage":
            return await self._receive(asked)
        handler = getattr(self, f"_do_{action}", None)
        if handler is None:
            raise Refused(501, f"UnknownAction {action}")
        answer: Json = handler(asked)
        return answer

    def queue(self, asked: Json) -> Queue:
        """Return the queue that a call means. Raises `Refused`."""
        name = asked["QueueUrl"].rpartition("/")[2]
        try:
            return self.queues[name]
        except KeyError:
            raise Refused(400, "QueueDoesNotExist") from None

    def _url(self, name: str) -> str:
        return f"{self._address}/{ACCOUNT}/{name}"

    def _do_CreateQueue(self, asked: Json) -> Json:  # noqa: N802 - SQS's own spelling, here and below
        self.queues.setdefault(asked["QueueName"], Queue())
        return {"QueueUrl": self._url(asked["QueueName"])}

    def _do_GetQueueUrl(self, asked: Json) -> Json:  # noqa: N802
        if asked["QueueName"] not in self.queues:
            raise Refused(400, "QueueDoesNotExist")
        return {"QueueUrl": self._url(asked["QueueName"])}

    def _do_ListQueues(self, asked: Json) -> Json:  # noqa: N802
        prefix = asked.get("QueueNamePrefix", "")
        return {"QueueUrls": [self._url(name) for name in self.queues if name.startswith(prefix)]}

    def _do_GetQueueAttributes(self, asked: Json) -> Json:  # noqa: N802
        queue = self.queue(asked)
        queue.bring_back()
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(len(queue.ready)),
                "ApproximateNumberOfMessagesNotVisible": str(len(queue.held)),
                "ApproximateNumberOfMessagesDelayed": "0",
                "VisibilityTimeout": str(DEFAULT_VISIBILITY_SECONDS),
            }
        }

    def _do_SendMessage(self, asked: Json) -> Json:  # noqa: N802
        queue = self.queue(asked)
        if asked.get("DelaySeconds"):
            raise Refused(501, "DelaySeconds")
        message = new_message(asked["MessageBody"], asked.get("MessageAttributes"))
        queue.put([message])
        return {"MessageId": message.id, "MD5OfMessageBody": message.md5}

    def _do_SendMessageBatch(self, asked: Json) -> Json:  # noqa: N802
        sent = []
        for entry in asked["Entries"]:
            answer = self._do_SendMessage({"QueueUrl": asked["QueueUrl"], **entry})
            sent.append({"Id": entry["Id"], **answer})
        return {"Successful": sent}

    def _do_DeleteMessage(self, asked: Json) -> Json:  # noqa: N802
        self.queue(asked).delete(asked["ReceiptHandle"])
        return {}

    def _do_DeleteMessageBatch(self, asked: Json) -> Json:  # noqa: N802
        queue = self.queue(asked)
        for entry in asked["Entries"]:
            queue.delete(entry["ReceiptHandle"])
        return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]]}

    def _do_ChangeMessageVisibility(self, asked: Json) -> Json:  # noqa: N802
        queue = self.queue(asked)
        message = queue.held.get(asked["ReceiptHandle"])
        if message is None:
            raise Refused(400, "MessageNotInflight")
        queue.hide(message, asked["VisibilityTimeout"])
        return {}

    def _do_ChangeMessageVisibilityBatch(self, asked: Json) -> Json:  # noqa: N802
        queue, done, failed = self.queue(asked), [], []
        for entry in asked["Entries"]:
            message = queue.held.get(entry["ReceiptHandle"])
            if message is None:
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": "MessageNotInflight"})
            else:
                queue.hide(message, entry["VisibilityTimeout"])
                done.append({"Id": entry["Id"]})
        return {"Successful": done, "Failed": failed}

    async def _receive(self, asked: Json) -> Json:
        queue = self.queue(asked)
        most, hidden = asked.get("MaxNumberOfMessages", 1), asked.get("VisibilityTimeout")
        seconds = DEFAULT_VISIBILITY_SECONDS if hidden is None else hidden
        until = time.monotonic() + asked.get("WaitTimeSeconds", 0)
        messages = queue.take(most, seconds)
        while not messages and time.monotonic() < until:
            await queue.wait(until)
            messages = queue.take(most, seconds)
        return {"Messages": [_shown(message) for message in messages]} if messages else {}


def _shown(message: Message) -> Json:
    shown: Json = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": message.md5,
        "Attributes": {"ApproximateReceiveCount": str(message.count), "SentTimestamp": str(message.sent)},
    }
    if message.attributes:
        shown["MessageAttributes"] = message.attributes
    return shown


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of a bucket; `data` may be empty where only the `size` was kept."""

    data: bytes
    size: int
    etag: str


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class S3:
    """Buckets by path. Every bucket exists."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Stored] = {}

    def call(self, method: str, path: str, query: Json, body: bytes) -> tuple[str, Answer]:
        """Answer one call; return the action's name too. Raises `Refused`."""
        bucket, _, key = path.lstrip("/").partition("/")
        if method == "GET" and not key:
            return "ListObjectsV2", self._list(bucket, query)
        handlers = {"PUT": self._put, "GET": self._get, "HEAD": self._head, "DELETE": self._delete}
        if not key or method not in handlers:
            raise Refused(501, f"{method} {path}")
        return f"{method.capitalize()}Object", handlers[method](bucket, key, body)

    def _put(self, bucket: str, key: str, body: bytes) -> Answer:
        etag = f'"{len(body):x}"'
        kept = b"" if key.startswith(ONLY_SIZES_OF) else body
        self.objects[bucket, key] = Stored(kept, len(body), etag)
        return 200, [(b"etag", etag.encode())], b""

    def _get(self, bucket: str, key: str, _: bytes) -> Answer:
        stored = self._find(bucket, key)
        return 200, [(b"etag", stored.etag.encode())], stored.data

    def _head(self, bucket: str, key: str, _: bytes) -> Answer:
        stored = self._find(bucket, key)
        return 200, [(b"etag", stored.etag.encode()), (b"content-length", b"%d" % stored.size)], b""

    def _delete(self, bucket: str, key: str, _: bytes) -> Answer:
        self.objects.pop((bucket, key), None)
        return 204, [], b""

    def _find(self, bucket: str, key: str) -> Stored:
        try:
            return self.objects[bucket, key]
        except KeyError:
            raise Refused(404, "NoSuchKey") from None

    def _list(self, bucket: str, query: Json) -> Answer:
        prefix = query.get("prefix", [""])[0]
        after = (query.get("continuation-token") or query.get("start-after") or [""])[0]
        keys = sorted(key for where, key in self.objects if where == bucket and key.startswith(prefix))
        keys = keys[bisect_right(keys, after) :]
        shown, more = keys[:LIST_MAX_KEYS], len(keys) > LIST_MAX_KEYS
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{self.objects[bucket, key].size}</Size></Contents>"
            for key in shown
        )
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        xml = (
            f"<ListBucketResult><Name>{bucket}</Name><KeyCount>{len(shown)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"
        )
        return 200, [(b"content-type", b"application/xml")], xml.encode()


class Double:
    """The ASGI application: reads a request, counts it, waits as long as was asked for, answers."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._reset({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI's own door)."""
        body = await _read(receive)
        path = scope["path"]
        try:
            if path.startswith(STEERING):
                status, headers, data = self._steer(path.removeprefix(STEERING), orjson.loads(body or b"{}"))
            else:
                status, headers, data = await self._serve(scope, path, body)
        except Refused as problem:
            status, headers, data = _refusal(problem, json=scope["method"] == "POST")
        if scope["method"] != "HEAD":
            headers.append((b"content-length", b"%d" % len(data)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _serve(self, scope: Scope, path: str, body: bytes) -> Answer:
        headers = dict(scope["headers"])
        target = headers.get(b"x-amz-target", b"").decode()
        if self._latency:
            await asyncio.sleep(self._latency)
        if target:
            action = target.rpartition(".")[2]
            self._calls[action] += 1
            data = orjson.dumps(await self._sqs.call(action, orjson.loads(body)))
            return 200, [(b"content-type", b"application/x-amz-json-1.0")], data
        if b"aws-chunked" in headers.get(b"content-encoding", b""):
            raise Refused(501, "aws-chunked")
        action, answer = self._s3.call(scope["method"], path, parse_qs(scope["query_string"].decode()), body)
        self._calls[action] += 1
        return answer

    def _steer(self, what: str, asked: Json) -> Answer:
        answer = getattr(self, f"_{what}")(asked)
        return 200, [(b"content-type", b"application/json")], orjson.dumps(answer)

    def _reset(self, asked: Json) -> Json:
        """Forget everything; make the queues named; delay answers by `latency_ms`."""
        self._latency = asked.get("latency_ms", 0) / 1000
        self._calls: Counter[str] = Counter()
        self._sqs, self._s3 = Sqs(self._address), S3()
        self._sqs.queues.update({name: Queue() for name in asked.get("queues", [])})
        return {}

    def _load(self, asked: Json) -> Json:
        """Make the bodies given visible at once, and count and clock from here."""
        queue = self._sqs.queues[asked["queue"]]
        messages = [new_message(body) for body in asked["bodies"]]
        self._calls.clear()
        queue.deleted = 0
        queue.put(messages)
        return {"now": time.monotonic()}

    def _state(self, asked: Json) -> Json:
        """Return the counts since the last load, and the clock readings of this process."""
        queue = self._sqs.queues[asked["queue"]]
        return {
            "calls": dict(self._calls), "deleted": queue.deleted, "deleted_at": queue.deleted_at,
            "ready": len(queue.ready), "held": len(queue.held), "cpu": time.process_time(),
        }  # fmt: skip

    def _bodies(self, asked: Json) -> list[str]:
        """Return the bodies of the messages that wait in a queue."""
        return [message.body for message in self._sqs.queues[asked["queue"]].ready]

    def _objects(self, asked: Json) -> list[tuple[str, int, str]]:
        """Return key, size and text of the objects under `prefix`."""
        return [
            (key, stored.size, stored.data.decode("latin-1"))
            for (_, key), stored in self._s3.objects.items()
            if key.startswith(asked["prefix"])
        ]


async def _read(receive: Receive) -> bytes:
    first = await receive()
    body: bytes = first.get("body", b"")
    if not first.get("more_body"):
        return body
    parts, more = [body], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _refusal(problem: Refused, *, json: bool) -> Answer:
    if json:
        code = f"com.amazonaws.sqs#{problem.code}"
        headers = [(b"content-type", b"application/x-amz-json-1.0")]
        return problem.status, headers, orjson.dumps({"__type": code, "message": problem.code})
    xml = f"<Error><Code>{escape(problem.code)}</Code><Message>{escape(problem.code)}</Message></Error>"
    return problem.status, [(b"content-type", b"application/xml")], xml.encode()


def main() -> None:
    """Serve until a signal says otherwise."""
    parser = argparse.ArgumentParser(prog="benchmarks.double", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(
        Double(f"http://127.0.0.1:{port}"), host="127.0.0.1", port=port, loop="uvloop", http="httptools",
        access_log=False, log_level="warning", lifespan="off", timeout_keep_alive=600, backlog=512,
    )  # fmt: skip


if __name__ == "__main__":
    main()
