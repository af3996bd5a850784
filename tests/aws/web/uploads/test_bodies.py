"""Bodies on their way through the process into a real bucket."""

from collections.abc import Callable
from typing import Any

import requests

from tests.patience import patience, wait_for
from tests.web_process import TOKEN, StartWeb

MIB = 1024 * 1024
STATS = "/api/v1/upload?operation=stats"
LINE = b"1 2 3 4 5 6 7\n"


def head(length: int | None, query: str = "operation=stats", more: str = "") -> bytes:
    """Return the head of an upload."""
    sized = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST /api/v1/upload?{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\n{sized}\r\n{more}\r\n"
    ).encode()


PART = b'--x\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n\r\n'


def open_uploads(stack: Any) -> list[Any]:
    """Return the multipart uploads in the bucket that are neither whole nor aborted."""
    return stack.s3.list_multipart_uploads(Bucket=stack.bucket).get("Uploads", [])


def test_a_large_file_goes_through_and_is_worked_on(
    start_web: StartWeb, stack: Any, bench: Callable[..., Any]
) -> None:
    bench().start()
    web = start_web()
    content = LINE * (18 * MIB // len(LINE))
    answer = requests.post(
        f"{web.url}{STATS}", files={"f": ("n.txt", content)}, headers={"Prefer": "wait=100"},
        timeout=patience(100),
    )  # fmt: skip
    (job,) = answer.json()["jobs"]
    assert (answer.status_code, job["bytes"]) == (200, len(content))
    assert job["result"]["count"] == 7 * (18 * MIB // 14)
    assert open_uploads(stack) == []


def test_a_sender_that_goes_in_the_middle_leaves_nothing(start_web: StartWeb, stack: Any) -> None:
    web = start_web()
    with web.connect() as connection:
        connection.sendall(head(40 * MIB) + PART + LINE * (12 * MIB // len(LINE)))
        stack.until(lambda: open_uploads(stack))
    stack.until(lambda: not open_uploads(stack))
    wait_for(lambda: [line for line in web.lines("request") if line["status"] == 499], 20, web.log)
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="uploads/")
    assert stack.waiting(stack.requests) == 0


def test_a_body_that_ends_too_early_is_told_so_and_nothing_is_sent(start_web: StartWeb, stack: Any) -> None:
    web = start_web()
    cut = PART + LINE
    answer = web.exchange(head(len(cut), more="Connection: close\r\n") + cut)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Unexpected end" in answer
    assert stack.waiting(stack.requests) == 0
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="uploads/")


def test_a_413_is_read_by_a_sender_that_reads_nothing_before_it_has_sent_all(start_web: StartWeb) -> None:
    web = start_web(max_input_bytes=1_000_000)
    answer = requests.post(f"{web.url}{STATS}", files={"f": b"1 " * 4_500_000}, timeout=patience(60))
    assert (answer.status_code, answer.json()["value"]) == (413, 1_000_000)
    body = PART + b"1 " * 4_500_000
    with web.connect() as connection:
        # Twice: the connection is whole afterwards.
        for _ in range(2):
            connection.sendall(head(len(body)))
            for start in range(0, len(body), 100_000):
                connection.sendall(body[start : start + 100_000])
            found = b""
            while not found.endswith(b"}") and (piece := connection.recv(65_536)):
                found += piece
            assert found.startswith(b"HTTP/1.1 413")


def test_a_chunked_body_without_an_end_is_bounded(start_web: StartWeb) -> None:
    web = start_web(max_input_bytes=1_000_000)
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent = 0
    with web.connect() as connection:
        connection.sendall(head(None) + b"%x\r\n" % len(PART) + PART + b"\r\n")
        try:
            for _ in range(2_000):
                connection.sendall(piece)
                sent += 1
        except OSError:
            pass
    assert sent < 1_500
    wait_for(lambda: [line for line in web.lines("request") if line["status"] == 413], 20, web.log)
