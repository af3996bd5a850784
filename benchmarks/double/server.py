"""A stand-in for SQS and S3 that is faster than any worker: one process, everything in memory.

It speaks SQS's JSON protocol (what boto3 and aiobotocore speak) and S3 by path, as much of both as
the contestants use; what it does not know it refuses with 501, so that nothing is measured by
accident. It counts calls by action, can delay every answer, and says when it gave the last message
away for good. Paths under `/_double/` steer it and are neither counted nor delayed.

    python -m benchmarks.double.server --port 5150
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import orjson
import uvicorn

from benchmarks.double.s3 import S3, Answer
from benchmarks.double.sqs import Queue, Refused, Sqs, new_message

STEERING = "/_double/"

Json = dict[str, Any]
Scope = Json
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]


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

    def _times(self, asked: Json) -> Json:
        """Return when the objects under `prefix` were put, by key, and when a queue's messages were sent."""
        return {
            "puts": {
                key: s.at for (_, key), s in self._s3.objects.items() if key.startswith(asked["prefix"])
            },
            "messages": [(m.at, m.body) for m in self._sqs.queues[asked["queue"]].ready],
        }

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
    parser = argparse.ArgumentParser(prog="benchmarks.double.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(
        Double(f"http://127.0.0.1:{port}"), host="127.0.0.1", port=port, loop="uvloop", http="httptools",
        access_log=False, log_level="warning", lifespan="off", timeout_keep_alive=600, backlog=512,
    )  # fmt: skip


if __name__ == "__main__":
    main()
