"""Multipart bodies: whatever comes in, in whatever pieces."""

import gc
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from jobfleet_web.model import InBucket, InMemory
from jobfleet_web.uploads.limits import FIELD_MAX_BYTES, FIELDS_MAX, PART_BYTES, PARTS_MAX

from tests.web_bench import Site

Make = Callable[..., Site]
UPLOAD = "/api/v1/upload?operation=greyscale"
MIB = 1024 * 1024
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
LARGE = {"max_input_bytes": 64 * MIB, "memory_bytes": 64 * MIB}


def part(content: bytes, disposition: bytes = b'name="f"; filename="a.png"', more: bytes = b"") -> bytes:
    """Return one part of a body."""
    return (
        b"--x\r\nContent-Disposition: form-data; "
        + disposition
        + b"\r\n"
        + more
        + b"\r\n"
        + content
        + b"\r\n"
    )


def send(made: Site, body: bytes, path: str = UPLOAD, **headers: str) -> httpx.Response:
    """Send a body in one piece."""
    return made.post(path, content=body, headers={**FORM, **headers})


def send_in_pieces(made: Site, body: bytes, size: int, **headers: str) -> httpx.Response:
    """Send a body in pieces, without a Content-Length unless it is given."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    return made.post(UPLOAD, content=pieces(), headers={**FORM, **headers})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1_000])
def test_where_it_is_cut_into_pieces_makes_no_difference(site: Make, size: int) -> None:
    made = site()
    content = b"\r\n--y\r\n--\r\n-\r\r\n--x" + bytes(range(256))
    body = part(content) + part(b"b", b'name="g"; filename="b.png"') + b"--x--\r\n"
    # A line's end and the boundary within the content would end it.
    body = body.replace(b"\r\n--x" + bytes(range(256)), b"\r\n--X" + bytes(range(256)))
    assert send_in_pieces(made, body, size).status_code == 200
    assert [upload.body for upload in made.work.uploads] == [
        InMemory(content.replace(b"\r\n--x", b"\r\n--X")), InMemory(b"b"),
    ]  # fmt: skip


def test_a_body_leaves_memory_as_soon_as_it_was_sent(site: Make) -> None:
    made = site()
    gc.disable()  # who is held by others in a circle would go with the next round
    try:
        send(made, part(b"abc") + b"--x--\r\n")
        body = weakref.ref(made.work.uploads.pop().body)
        assert body() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Unexpected end"),
        (b"junk", "Unexpected end"),
        (b"junk" * 10_000, "does not come"),
        (part(b"abc"), "Unexpected end"),
        (part(b"abc") + b"--x", "Unexpected end"),
        (part(b"abc")[:40] + b"\n\n", "line break"),
        (b"--x\r\nX: y\r\n\r\nabc\r\n--x--", "Content-Disposition"),
        (b"--x\r\nno colon\r\n\r\nabc\r\n--x--", "Malformed"),
        (part(b"a", more=b"X: " + b"y" * 5_000 + b"\r\n") + b"--x--", "length exceeded"),
        (part(b"a", more=b"X: y\r\n" * 20) + b"--x--", "count exceeded"),
        (part(b"a", more=b"Content-Length: 99\r\n") + b"--x--", "size does not match"),
    ],
)
def test_junk_is_told_what_and_where(site: Make, body: bytes, words: str) -> None:
    made = site()
    answer = send(made, body)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jobfleet:problem:bad-multipart")
    assert words in answer.json()["detail"]
    assert f"{len(body):,} bytes" in answer.json()["detail"]
    assert made.work.uploads == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        (f"multipart/form-data; boundary={'b' * 300}", 400),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/mixed; boundary=x", 415),
        ("", 415),
    ],
)
def test_what_is_no_form_is_told_how_to_send_one(site: Make, kind: str, status: int) -> None:
    answer = send(site(), part(b"abc") + b"--x--", **{"Content-Type": kind})
    assert answer.status_code == status
    assert "multipart" in answer.json()["mend"]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'name="f"; filename="a.png"', "a.png"),
        (b'name="f"; filename=a.png', "a.png"),
        ('name="f"; filename="fjäll 山.png"'.encode(), "fjäll 山.png"),
        (b'name="f"; filename="\xff\xfe.png"', "\ufffd\ufffd.png"),
        (b'name="f"; filename="a\x00\x1b[31m.png"', "a__[31m.png"),
        (b'name="f"; filename="a%22b%0D%0A.png"', 'a"b__.png'),
        ('name="f"; filename="\u202egnp.exe"'.encode(), "_gnp.exe"),
        (b"name=\"f\"; filename*=utf-8''fj%C3%A4ll.png", "fjäll.png"),
        (b'name="f"; filename="<b>.png"', "<b>.png"),
        (b'name="f"; filename="' + b"\xc3\xa4" * 300 + b'"', "ä" * 127),
        (b'filename="a.png"', "a.png"),
        (b'name="f"; filename=""', "unnamed"),
    ],
)
def test_any_name_is_taken_and_can_be_shown(site: Make, disposition: bytes, name: str) -> None:
    made = site()
    answer = send(made, part(b"abc", disposition) + b"--x--\r\n")
    assert answer.status_code == 200
    assert made.work.uploads[0].name == answer.json()["jobs"][0]["name"] == name


def test_typed_numbers_are_a_file_of_them(site: Make) -> None:
    made = site()
    body = part(b"1 2 3", b'name="numbers"') + part(b"", b'name="file"; filename=""') + b"--x--"
    assert send(made, body, "/?operation=stats").status_code == 200
    assert [(one.name, one.body) for one in made.work.uploads] == [("numbers.txt", InMemory(b"1 2 3"))]


def test_typed_numbers_come_beside_files_and_go_to_the_page_of_their_batch(site: Make) -> None:
    made = site()
    body = part(b"stats", b'name="operation"') + part(b"1\r\n2", b'name="numbers"')
    body += part(b"3", b'name="files"; filename="a.txt"') + b"--x--"
    answer = send(made, body, "/", accept="text/html")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/batches/{made.work.calls[0]['batch']}"
    assert [(one.name, one.body) for one in made.work.uploads] == [
        ("numbers.txt", InMemory(b"1\r\n2")), ("a.txt", InMemory(b"3")),
    ]  # fmt: skip


def test_a_form_with_neither_numbers_nor_file_says_what_may_be_sent(site: Make) -> None:
    body = part(b"", b'name="numbers"') + part(b"", b'name="files"; filename=""') + b"--x--"
    answer = send(site(), body, "/?operation=stats", accept="text/html")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "neither a file nor numbers" in answer.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (part(b"\xff", b'name="level"'), "bad-field"),
        (part(b"1" * (FIELD_MAX_BYTES + 1), b'name="level"'), "field-too-long"),
        (part(b"1", b'name="level"') + part(b"2", b'name="level"'), "given-twice"),
        (b"".join(part(b"1", f'name="p{n}"'.encode()) for n in range(FIELDS_MAX + 1)), "too-many-parts"),
        (part(b"", b'name="f"; filename="a"') * 1_001, "too-many-parts"),
        (part(b"", b'name="level"') * (PARTS_MAX + 1), "too-many-parts"),
        (part(b"", b'name="f"; filename=""') * (PARTS_MAX + 1), "too-many-parts"),
    ],
)
def test_fields_and_files_have_their_bounds(site: Make, body: bytes, code: str) -> None:
    made = site()
    answer = send(made, body + part(b"abc") + b"--x--")
    assert (answer.status_code, answer.json()["type"]) == (400, f"urn:jobfleet:problem:{code}")
    assert made.work.uploads == []


def test_a_large_body_goes_to_the_bucket_in_parts_as_it_comes_in(site: Make) -> None:
    made = site(**LARGE)
    content = bytes(range(256)) * (20 * MIB // 256)
    assert send(made, part(content) + b"--x--").status_code == 200
    (large,) = made.work.large
    assert b"".join(large.parts) == content
    assert [len(one) for one in large.parts] == [PART_BYTES, PART_BYTES, 20 * MIB - 2 * PART_BYTES]
    assert (large.finished, large.aborted) == (True, False)
    assert made.work.uploads[0].body == InBucket(large.key, 20 * MIB)


def test_a_body_of_just_the_size_of_a_part_stays_in_memory(site: Make) -> None:
    made = site(**LARGE)
    assert send(made, part(b"x" * PART_BYTES) + b"--x--").status_code == 200
    assert made.work.large == []


def test_of_several_files_no_more_stay_in_memory_than_one_may_take(site: Make) -> None:
    made = site(**LARGE)
    assert send(made, part(b"x" * (3 * MIB)) * 4 + b"--x--").status_code == 200
    kept = [one.bytes for one in made.work.uploads if isinstance(one.body, InMemory)]
    assert kept == [3 * MIB, 3 * MIB]
    assert len(made.work.large) == 2


@pytest.mark.parametrize(
    ("tail", "query"),
    [(b"", ""), (b"--x\r\njunk", ""), (part(b"999", b'name="level"') + b"--x--", "operation=threshold")],
)
def test_what_went_to_the_bucket_is_removed_where_nothing_comes_of_the_request(
    site: Make, tail: bytes, query: str
) -> None:
    made = site(**LARGE)
    answer = send(made, part(b"x" * (10 * MIB)) + tail, f"/api/v1/upload?{query or 'operation=greyscale'}")
    assert answer.status_code == 400
    assert [one.aborted for one in made.work.large] == [True]
    assert made.work.uploads == []


def test_nothing_goes_to_the_bucket_for_what_is_known_to_be_wrong_by_then(site: Make) -> None:
    made = site(**LARGE)
    body = part(b"999", b'name="level"') + part(b"x" * (10 * MIB)) + b"--x--"
    assert send(made, body, "/?operation=threshold").status_code == 400
    assert made.work.large == []


def test_a_sender_that_goes_leaves_nothing(site: Make) -> None:
    made = site(**LARGE)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part(b"x" * (10 * MIB)), "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"operation=greyscale",
        "headers": [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=x")],
        "client": ("192.0.2.7", 1), "root_path": "", "raw_path": b"/", "scheme": "http",
    }  # fmt: skip

    async def receive() -> Any:
        return messages.pop(0)

    async def ignore(message: Any) -> None:
        pass

    made.run(made.app(scope, receive, ignore))
    assert [one.aborted for one in made.work.large] == [True]
    assert made.work.uploads == []


def test_what_says_that_it_is_too_large_is_refused_before_any_of_it_is_stored(site: Make) -> None:
    made = site(max_input_bytes=10 * MIB)
    body = part(b"x" * (30 * MIB)) + b"--x--"
    assert send_in_pieces(made, body, MIB, **{"Content-Length": str(len(body))}).status_code == 413
    assert made.work.large == []


@pytest.mark.parametrize("has_length", [True, False])
def test_more_than_a_host_takes_is_a_413(site: Make, has_length: bool) -> None:
    made = site(max_input_bytes=100_000)
    body = part(b"x" * 8_000_000) + b"--x--"
    answer = send(made, body) if has_length else send_in_pieces(made, body, 50_000)
    assert (answer.status_code, answer.json()["value"]) == (413, 100_000)
    assert answer.json()["mend"]
    assert made.work.uploads == []
