"""The double's queues: standard ones, in memory, by SQS's JSON protocol."""

import asyncio
import hashlib
import heapq
import time
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "000000000000"
DEFAULT_VISIBILITY_SECONDS = 30

Json = dict[str, Any]


class Refused(Exception):
    """The request cannot be answered as asked."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(slots=True)
class Message:
    """A message of a queue; `at` is when it was sent, `receipt` that of its last delivery."""

    id: str
    body: str
    attributes: Json
    md5: str
    sent: int
    at: float = 0.0
    count: int = 0
    receipt: str = ""
    visible_at: float = 0.0
    gone: bool = False


def new_message(body: str, attributes: Json | None = None) -> Message:
    """Return a message that was sent now."""
    md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    sent = int(time.time() * 1000)
    return Message(str(uuid.uuid4()), body, attributes or {}, md5, sent, time.monotonic())


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
