"""The drop folder, from an object put by any program to its end, over S3's own events."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pictures import noise, saved

TAGS = ("jobfleet:job", "jobfleet:outcome", "jobfleet:etag")


@pytest.fixture
def open_stack(stack: Any) -> Any:
    """A stack whose bucket tells the request queue of what is dropped."""
    return stack.open_drop_folder()


def photo(seed: int = 0) -> bytes:
    return saved(noise(6, 8, 3) + seed)


def answers(stack: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while got := stack.sqs.receive_message(QueueUrl=stack.responses, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(one["Body"]) for one in got]
    return found


def tags(stack: Any, key: str) -> dict[str, str]:
    found = stack.s3.get_object_tagging(Bucket=stack.bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def keys(stack: Any, prefix: str) -> list[str]:
    listed = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", ())]


def outcomes(stack: Any) -> list[str]:
    """What the log says of every message, with the code where there is one."""
    lines = [line for line in stack.logged() if line["event"] == "job"]
    return sorted(":".join(filter(None, (line["outcome"], line.get("code")))) for line in lines)


def events(stack: Any) -> list[str]:
    """Take the events off the request queue, as they came."""
    found: list[str] = []
    while got := stack.sqs.receive_message(QueueUrl=stack.requests, MaxNumberOfMessages=10).get("Messages"):
        for one in got:
            found.append(one["Body"])
            stack.sqs.delete_message(QueueUrl=stack.requests, ReceiptHandle=one["ReceiptHandle"])
    return found


def sequenced(event: str, sequencer: str) -> str:
    """Return an event with another sequencer."""
    found = json.loads(event)
    found["Records"][0]["s3"]["object"]["sequencer"] = sequencer
    return json.dumps(found)


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


def test_an_event_that_comes_twice_is_done_once(open_stack: Any, bench: Any) -> None:
    open_stack.drop("greyscale/a.png", photo())
    [_, event] = events(open_stack)
    for _ in range(2):
        open_stack.send(event)

    bench().work()
    open_stack.send(event)
    bench().work()

    assert len({answer["id"] for answer in answers(open_stack)}) == 1
    assert outcomes(open_stack) == ["answered-again", "answered-again", "succeeded"]
    assert [call for call in open_stack.front.calls if call.startswith("PUT outputs/")] == [
        "PUT outputs/greyscale/a.png"
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_file_dropped_twice_within_a_second_gives_the_same_twice(
    open_stack: Any, bench: Any, order: int
) -> None:
    for _ in range(2):
        open_stack.drop("greyscale/a.png", photo())
    for body in events(open_stack)[1:][::order]:
        open_stack.send(body)
        bench().work()

    first, second = answers(open_stack)
    assert first["id"] != second["id"]
    assert first["status"] == second["status"] == "succeeded"
    assert first["output"] | {"etag": ""} == second["output"] | {"etag": ""}
    etag = open_stack.s3.head_object(Bucket=open_stack.bucket, Key="outputs/greyscale/a.png")["ETag"]
    assert second["output"]["etag"] == etag


def test_of_two_versions_in_any_order_the_later_stays(open_stack: Any, bench: Any) -> None:
    open_stack.drop("strip/a.png", photo())
    key = open_stack.drop("strip/a.png", photo(1))
    [_, earlier, later] = events(open_stack)

    open_stack.send(later)
    bench().work()
    open_stack.send(earlier)
    bench().work()

    assert outcomes(open_stack) == ["failed:superseded", "succeeded"]
    assert open_stack.object("outputs/strip/a.png") == open_stack.object(key)
    assert tags(open_stack, key)["jobfleet:outcome"] == "succeeded"


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


def test_numbers_that_were_put_again_before_they_were_read_are_only_done_as_they_are(
    open_stack: Any, bench: Any
) -> None:
    for numbers in (b"1 1", b"2 2"):
        open_stack.drop("stats/n", numbers)

    bench().work()

    found = answers(open_stack)
    assert [one["result"]["mean"] for one in found if one["result"]] == [2]
    assert [one["error"]["code"] for one in found if one["error"]] == ["superseded"]
    assert tags(open_stack, "incoming/stats/n")["jobfleet:outcome"] == "succeeded"


@pytest.mark.parametrize(
    "sequencers",
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
        ("0055AED6DCD90281E51", "0055AED6DCD90281E6"),  # as numbers the other way round
    ],
)
def test_an_output_of_a_later_event_is_not_overwritten_by_one_that_was_read_before(
    open_stack: Any, bench: Any, sequencers: tuple[str, str]
) -> None:
    """Two puts of the same bytes have one ETag; the later has other parameters."""
    for ending in ("1", "2"):
        open_stack.drop("threshold/a.png", photo(), Metadata={"high": ending})
    earlier, later = map(sequenced, events(open_stack)[1:], sequencers)
    open_stack.send(later)
    bench().work()
    before = open_stack.object("outputs/threshold/a.png")
    # The earlier job reads what there was before, and is slow to write.
    open_stack.s3.put_object(
        Bucket=open_stack.bucket, Key="incoming/threshold/a.png", Body=photo(), Metadata={"high": "1"}
    )
    events(open_stack)

    open_stack.send(earlier)
    bench().work()

    assert open_stack.object("outputs/threshold/a.png") == before
    assert outcomes(open_stack) == ["failed:superseded", "succeeded"]


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


def test_inputs_that_are_done_are_moved_and_an_event_that_comes_again_finds_its_result(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("greyscale/some/a b.png", photo(), Metadata={"mine": "kept"}, Tagging="project=x")
    [_, event] = events(open_stack)
    for _ in range(2):
        open_stack.send(event)

    bench(drop_processed="move").work()

    assert keys(open_stack, "incoming/") == []
    assert keys(open_stack, "processed/") == ["processed/greyscale/some/a b.png"]
    moved = open_stack.s3.head_object(Bucket=open_stack.bucket, Key="processed/greyscale/some/a b.png")
    assert moved["Metadata"] == {"mine": "kept"}
    assert tags(open_stack, "processed/greyscale/some/a b.png")["project"] == "x"
    assert outcomes(open_stack) == ["answered-again", "succeeded"]


def test_who_finds_an_input_moved_by_another_worker_answers_with_that_one_s_result(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("stats/a", b"1 2")
    [_, event] = events(open_stack)
    open_stack.send(event)
    bench(drop_processed="move").work()
    [before] = answers(open_stack)
    # It looked for a result before the other had stored one.
    looks = iter([(404, [], b"<Error><Code>NoSuchKey</Code></Error>")])
    open_stack.front.answers = lambda call: next(looks, None) if call.startswith("GET results/0") else None

    open_stack.send(event)
    bench(drop_processed="move").work()

    assert answers(open_stack) == [before]
    assert open_stack.stored(before["id"]).status == "succeeded"
    assert next(looks, None) is None


def test_a_move_that_was_cut_off_is_finished_when_the_event_comes_again(open_stack: Any, bench: Any) -> None:
    open_stack.drop("stats/a", b"1 2")
    [_, event] = events(open_stack)
    open_stack.send(event)
    bench(drop_processed="leave").work()
    assert (tags(open_stack, "incoming/stats/a"), keys(open_stack, "processed/")) == ({}, [])

    open_stack.send(event)
    bench(drop_processed="move").work()

    assert (keys(open_stack, "incoming/"), keys(open_stack, "processed/")) == ([], ["processed/stats/a"])
    assert len({answer["id"] for answer in answers(open_stack)}) == 1


def test_an_input_that_was_put_again_meanwhile_is_neither_tagged_nor_moved(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("stats/a", b"1 2")
    [_, event] = events(open_stack)
    open_stack.send(event)
    bench(drop_processed="leave").work()
    open_stack.drop("stats/a", b"3 4")
    events(open_stack)

    open_stack.send(event)
    bench(drop_processed="move").work()

    assert tags(open_stack, "incoming/stats/a") == {}
    assert open_stack.object("incoming/stats/a") == b"3 4"
    assert keys(open_stack, "processed/") == []


def test_what_cannot_be_tagged_is_answered_all_the_same_and_the_log_says_so(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("stats/a", b"1 2", Tagging="&".join(f"t{number}=x" for number in range(9)))

    bench().work()

    [answer] = answers(open_stack)
    assert answer["status"] == "succeeded"
    [line] = [line for line in open_stack.logged() if line.get("dropped")]
    assert line["left"].startswith("PutObjectTagging: ")
    assert len(tags(open_stack, "incoming/stats/a")) == 9
