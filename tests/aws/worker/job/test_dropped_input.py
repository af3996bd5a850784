"""The drop folder, from an object put by any program to its end, over S3's own events."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.dropped_files import answers, events, keys, outcomes, photo, tags

TAGS = ("jobfleet:job", "jobfleet:outcome", "jobfleet:etag")


def test_what_is_dropped_is_done_without_a_client(open_stack: Any, bench: Any) -> None:
    picture = open_stack.drop("greyscale/holidays/a b+c%é.png", photo())
    numbers = open_stack.drop("stats/n.txt", b"1 2 3 6")

    bench().work()

    by_key = {answer["dropped"]: answer for answer in answers(open_stack)}
    assert by_key[numbers]["result"]["median"] == 2.5
    assert by_key[picture]["output"]["key"] == "outputs/greyscale/holidays/a b+c%é.png"
    assert open_stack.object("outputs/greyscale/holidays/a b+c%é.png").startswith(b"\x89PNG")
    for key, answer in by_key.items():
        assert json.loads(open_stack.object(f"results/{answer['id']}.json")) == answer
        etag = open_stack.s3.head_object(Bucket=open_stack.bucket, Key=key)["ETag"].strip('"')
        assert tags(open_stack, key) == dict(zip(TAGS, (answer["id"], "succeeded", etag), strict=True))
    assert outcomes(open_stack) == ["passed-over:test-event", "succeeded", "succeeded"]
    assert open_stack.waiting(open_stack.requests) == open_stack.waiting(open_stack.dead) == 0


def test_parameters_come_from_the_object_and_from_the_file_beside_it(open_stack: Any, bench: Any) -> None:
    open_stack.drop("threshold/_parameters.json", b'{"level": 10, "low": 1, "high": 2}')
    open_stack.drop("threshold/a.png", photo(), Metadata={"high": "9", "mtime": "0"})

    bench().work()

    with Image.open(io.BytesIO(open_stack.object("outputs/threshold/a.png"))) as image:
        values = set(np.unique(np.asarray(image)).tolist())
    assert values == {1, 9}
    assert outcomes(open_stack) == ["passed-over:parameters", "passed-over:test-event", "succeeded"]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("greyscale/notes.txt", b"no image", "not-an-image"),
        ("greyscale/empty.png", b"", "not-an-image"),
        ("stats/words.txt", b"one two", "bad-number"),
        ("frobnicate/a.png", b"x", "unknown-operation"),
        ("a.png", b"x", "unknown-operation"),
        ("greyscale//a.png", b"x", "bad-output-name"),
        ("greyscale/../a.png", b"x", "bad-output-name"),
        ("greyscale/" + "x" * 930, b"x", "bad-output-name"),
    ],
)
def test_what_cannot_be_done_is_answered_tagged_and_left(
    open_stack: Any, bench: Any, name: str, data: bytes, code: str
) -> None:
    key = open_stack.drop(name, data)

    bench(drop_processed="move").work()

    [answer] = answers(open_stack)
    assert (answer["status"], answer["error"]["code"], answer["dropped"]) == ("failed", code, key)
    assert open_stack.stored(answer["id"]).error.code == code
    assert tags(open_stack, key)["jobfleet:outcome"] == f"failed:{code}"
    assert keys(open_stack, "processed/") == keys(open_stack, "outputs/") == []
    assert open_stack.waiting(open_stack.dead) == 0


def test_folders_and_what_is_elsewhere_are_passed_over_and_nothing_runs_in_a_circle(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("greyscale/new/", b"")
    open_stack.drop("greyscale/a.png", photo())
    # As if somebody had made the bucket tell of everything.
    [event] = [body for body in events(open_stack) if "a.png" in body]
    forged = event.replace("incoming/greyscale/a.png", "outputs/greyscale/a.png")
    for body in (event, forged):
        open_stack.send(body)
    open_stack.drop("greyscale/new/", b"")

    bench().work()

    assert outcomes(open_stack) == ["passed-over:folder", "passed-over:not-incoming", "succeeded"]
    assert keys(open_stack, "outputs/") == ["outputs/greyscale/a.png"]
    assert len(answers(open_stack)) == 1


@pytest.mark.parametrize("operation", ["strip", "stats"])
@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_input_is_a_bad_job_at_once(
    open_stack: Any, bench: Any, operation: str, storage_class: str
) -> None:
    key = open_stack.drop(f"{operation}/a", photo(), StorageClass=storage_class)

    bench().work()

    [answer] = answers(open_stack)
    assert (answer["error"]["code"], answer["attempt"]) == ("archived", 1)
    assert "restore it first" in answer["error"]["message"]
    assert tags(open_stack, key)["jobfleet:outcome"] == "failed:archived"
    assert open_stack.waiting(open_stack.requests) == open_stack.waiting(open_stack.dead) == 0


def test_an_object_that_is_deleted_before_it_is_read_is_told(open_stack: Any, bench: Any) -> None:
    key = open_stack.drop("greyscale/a.png", photo())
    open_stack.s3.delete_object(Bucket=open_stack.bucket, Key=key)

    bench().work()

    [answer] = answers(open_stack)
    assert answer["error"]["code"] == "no-such-input"
    assert keys(open_stack, "incoming/") == []


def test_a_message_with_several_events_does_all_of_them(open_stack: Any, bench: Any) -> None:
    for number in range(3):
        open_stack.drop(f"stats/{number}", f"{number} {number}".encode())
    records = [record for body in events(open_stack) for record in json.loads(body).get("Records", ())]
    open_stack.send(json.dumps({"Records": records}))

    bench().work()

    assert sorted(answer["result"]["mean"] for answer in answers(open_stack)) == [0, 1, 2]
    assert outcomes(open_stack) == ["passed-over:several", *["succeeded"] * 3]


@pytest.mark.parametrize("where", ["another bucket", "no key"])
def test_an_event_that_s3_cannot_have_sent_goes_to_the_dead_letters(
    open_stack: Any, bench: Any, where: str
) -> None:
    open_stack.drop("stats/a", b"1")
    [_, event] = events(open_stack)
    forged = event.replace(open_stack.bucket, "theirs") if where == "another bucket" else '{"Records": [{}]}'
    open_stack.send(forged)

    bench().work()

    letter = open_stack.take(open_stack.dead)
    assert letter["Body"] == forged
    assert letter["MessageAttributes"]["cause"]["StringValue"].startswith("bad-event: ")
