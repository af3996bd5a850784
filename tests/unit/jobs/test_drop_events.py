import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import numpy as np
import pytest
from jobfleet_jobs.drop_events import (
    EVENTS_MAX,
    Nothing,
    Several,
    decoded,
    drop_id,
    drop_mark,
    filled_in,
    is_later,
    read_event,
)
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import find_operation
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.ids import is_job_id, sent_at
from jobfleet_jobs.protocol.message import Request, Stored

BUCKET, ETAG, AT = "mine-1-us-east-1", "0cc175b9c0f1b6a831c399e269772661", "2026-01-02T03:04:05.678Z"


def record(key: str, /, **changes: Any) -> dict[str, Any]:
    """An event's record as S3 sends it; `changes` are of its object but for those of the record itself."""
    thing = {"key": quote_plus(key, safe="/"), "size": 1, "eTag": ETAG, "sequencer": "0055AED6DCD90281E5"}
    whole: dict[str, Any] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": AT,
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": thing},
    }
    for name, value in changes.items():
        (whole if name in whole else thing)[name] = value
    return whole


def event(key: str, /, **changes: Any) -> str:
    return json.dumps({"Records": [record(key, **changes)]})


def read(key: str, /, **changes: Any) -> Request:
    found = read_event(event(key, **changes), BUCKET)
    assert isinstance(found, Request)
    return found


def test_an_object_becomes_a_request_for_the_operation_of_its_folder() -> None:
    request = read("incoming/greyscale/2026/a.jpg")

    assert request.operation == "greyscale"
    assert request.input == Stored(BUCKET, "incoming/greyscale/2026/a.jpg", ETAG)
    assert request.submitted_at == AT
    assert request.reply_to is None
    filled = filled_in(request, find_operation("greyscale"), {}, None)
    assert (filled.output, filled.parameters) == ("outputs/greyscale/2026/a.jpg", {})


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
        ("0055AED6DCD90281E51", "0055AED6DCD90281E6"),  # as numbers the other way round
        ("0055AED6DCD90281E5", "0055AED6DCD90281E501"),
        ("0", "0055AED6DCD90281E5"),
    ],
)
def test_of_two_events_the_later_is_known_whatever_the_lengths_of_their_sequencers(
    earlier: str, later: str
) -> None:
    before, after = (read("incoming/stats/a", sequencer=one).dropped for one in (earlier, later))
    assert before is not None
    assert after is not None

    assert is_later(after.sequencer, before.sequencer)
    assert not is_later(before.sequencer, after.sequencer)
    assert not is_later(after.sequencer, after.sequencer)


def test_the_same_event_is_the_same_job_and_the_id_tells_when() -> None:
    first, again, later, other = (
        read("incoming/stats/a", **changes)
        for changes in (
            {},
            {"sequencer": "FF"},
            {"eventTime": "2026-01-02T03:04:05.679Z"},
            {"eTag": "0" * 32},
        )
    )

    assert first.id == again.id
    assert is_job_id(first.id)
    assert sent_at(first.id).isoformat(timespec="milliseconds") == "2026-01-02T03:04:05.678+00:00"  # type: ignore[union-attr]
    assert len({first.id, later.id, other.id}) == 3
    mark = drop_mark(BUCKET, "incoming/stats/a", ETAG)
    assert first.id.endswith(mark)
    assert later.id.endswith(mark)
    assert not other.id.endswith(mark)


def test_neither_bucket_key_nor_etag_can_stand_for_one_another() -> None:
    assert drop_id("a", "b", "c", 0) != drop_id("ab", "", "c", 0) != drop_id("a", "bc", "", 0)


HOSTILE = [
    "a b.png", "a+b.png", "100%.png", "%2B.png", "%252B", "it's \"so\".png", "ünï çødé 日本.png", "🙂.png",
    "a&b=c?d#e.png", "..png", "-rf", "$(id)", "a\\b.png", "a;b`c`.png", "x" * 800,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_comes_out_as_it_went_in(name: str) -> None:
    request = read(f"incoming/strip/{name}")

    assert request.input == Stored(BUCKET, f"incoming/strip/{name}", ETAG)
    assert filled_in(request, find_operation("strip"), {}, None).output == f"outputs/strip/{name}"


def test_any_name_that_a_key_can_have_comes_out_as_it_went_in() -> None:
    chance = np.random.default_rng(7)
    for _ in range(2_000):
        letters = "".join(map(chr, [*chance.integers(32, 127, 6), *chance.integers(0xA0, 0xD7FF, 3)]))
        key = f"incoming/{letters}/{letters[::-1]}_"
        found = read(key)
        assert isinstance(found.input, Stored)
        assert found.input.key == key


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}), "test-event"),
        (json.dumps({"Records": []}), "no-records"),
        (event("incoming/greyscale/"), "folder"),
        (event("incoming/"), "folder"),
        (event("incoming/greyscale/sub/folder/"), "folder"),
        (event("incoming/threshold/_parameters.json"), "parameters"),
        (event("outputs/greyscale/a.png"), "not-incoming"),
        (event("processed/greyscale/a.png"), "not-incoming"),
        (event("Incoming/greyscale/a.png"), "not-incoming"),
        (event("results/incoming/a.json"), "not-incoming"),
        (event("incoming/greyscale/a", eventName="ObjectRemoved:Delete"), "not-created"),
        (event("incoming/greyscale/a", eventName="ObjectTagging:Put"), "not-created"),
    ],
)
def test_what_asks_for_nothing_says_why(body: str, code: str) -> None:
    found = read_event(body, BUCKET)

    assert isinstance(found, Nothing)
    assert found.code == code


@pytest.mark.parametrize(
    "body", ["", "no", "[]", "7", "null", '{"version": 1}', '{"Records": 7}', "[" * 9_999]
)
def test_what_is_no_event_is_left_to_others(body: str) -> None:
    assert read_event(body, BUCKET) is None


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Records": [7]}),
        json.dumps({"Records": [{}]}),
        json.dumps({"Records": [{"eventSource": "aws:s3"}]}),
        json.dumps({"Records": [{"eventSource": "aws:s3", "s3": {"bucket": []}}]}),
        event("incoming/stats/a", eventSource="aws:sns"),
        event("incoming/stats/a").replace(BUCKET, "another"),
        event("incoming/stats/a", key=""),
        event("incoming/stats/a", key=7),
        event("incoming/stats/a", key="incoming/stats/%FF"),
        event("incoming/stats/a", key="incoming/stats/%ED%A0%80"),
        event("incoming/stats/" + "x" * 1_020),
        event("incoming/stats/a", eTag=None),
        event("incoming/stats/a", eTag='"; DROP'),
        event("incoming/stats/a", sequencer="xyz"),
        event("incoming/stats/a", sequencer=7),
        event("incoming/stats/a", eventTime="yesterday"),
        event("incoming/stats/a", eventTime="2026-01-02T03:04:05"),
        event("incoming/stats/a", eventTime="1969-01-02T03:04:05Z"),
        event("incoming/stats/a", eventName=["ObjectCreated:Put"]),
    ],
)  # fmt: skip
def test_an_event_that_s3_cannot_have_sent_of_this_bucket_is_refused(body: str) -> None:
    with pytest.raises(BadJob) as refused:
        read_event(body, BUCKET)
    assert refused.value.code == "bad-event"


def test_a_message_with_several_events_is_taken_apart() -> None:
    keys = ["incoming/stats/a", "incoming/stats/b"]

    found = read_event(json.dumps({"Records": [record(key) for key in keys]}), BUCKET)

    assert isinstance(found, Several)
    assert [read_event(body, BUCKET) for body in found.bodies] == [read(key) for key in keys]


def test_what_lies_in_no_operations_folder_asks_for_an_operation_without_a_name() -> None:
    assert read("incoming/photo.jpg").operation == ""


def test_metadata_go_before_what_all_share_and_other_programs_metadata_say_nothing() -> None:
    shared = '{"level": 7, "low": 3}'
    metadata = {"Level": "100", "mtime": "1700000000", "s3cmd-attrs": "uid:0"}

    filled = filled_in(read("incoming/threshold/a"), find_operation("threshold"), metadata, shared)

    assert filled.parameters == {"level": 100, "low": 3}


@pytest.mark.parametrize(
    ("metadata", "shared", "said"),
    [
        ({"level": "999"}, None, "level=999"),
        ({"level": "a lot"}, None, "'a lot'"),
        ({}, "{", "incoming/threshold/_parameters.json is not JSON"),
        ({}, "[1]", "no JSON object"),
        ({"output-ending": "/../x"}, None, "output_ending"),
        ({}, '{"output_ending": 7}', "output_ending"),
    ],
)
def test_parameters_that_cannot_be_are_a_bad_job(
    metadata: dict[str, str], shared: str | None, said: str
) -> None:
    with pytest.raises(BadJob) as refused:
        filled_in(read("incoming/threshold/a"), find_operation("threshold"), metadata, shared)
    assert refused.value.code == "bad-parameter"
    assert said in refused.value.message


def test_a_name_that_is_shared_and_no_parameter_is_refused_with_those_there_are() -> None:
    operation = find_operation("threshold")
    filled = filled_in(read("incoming/threshold/a"), operation, {}, '{"levle": 7}')

    with pytest.raises(
        BadJob, match=r"has no parameter 'levle' \(did you mean level\?\); it takes high, level, low"
    ):
        operation.check(filled.parameters)


def test_an_ending_that_is_spelt_as_in_metadata_is_told_how_it_is_spelt_in_the_file() -> None:
    with pytest.raises(
        BadJob, match=r"'output-ending' \(did you mean output_ending\?\); it takes format, output"
    ):
        filled_in(read("incoming/convert/a.png"), find_operation("convert"), {}, '{"output-ending": ".jpg"}')


def test_an_ending_that_is_asked_for_is_put_behind_the_name() -> None:
    operation = find_operation("convert")
    request = read("incoming/convert/a.png")

    assert (
        filled_in(request, operation, {"output-ending": ".jpg"}, None).output == "outputs/convert/a.png.jpg"
    )
    assert (
        filled_in(request, operation, {}, '{"output_ending": ".jpg"}').output == "outputs/convert/a.png.jpg"
    )


def test_an_operation_that_gives_a_file_on_demand_gives_it_where_an_ending_is_asked_for() -> None:
    operation = Operation("report", "image", "A report.", gives="file", endings=(".txt",))
    request = replace(read("incoming/report/a.png"), operation="report")

    assert filled_in(request, operation, {}, None).output is None
    assert filled_in(request, operation, {"output-ending": ".txt"}, None).output == "outputs/report/a.png.txt"


def test_metadata_that_are_not_ascii_are_read_as_s3_gives_them() -> None:
    assert decoded("=?UTF-8?B?R3LDtsOfZQ==?=") == "Größe"
    assert decoded("=?no-charset?B?R3I=?=") == "=?no-charset?B?R3I=?="
    assert decoded("plain") == "plain"


def test_no_event_is_longer_by_itself_than_it_was_among_others() -> None:
    body = json.dumps(
        {"Records": [record("incoming/stats/a", note="é\U0001f600" * 50_000)] * 2}, ensure_ascii=False
    )

    found = read_event(body, BUCKET)

    assert isinstance(found, Several)
    assert max(len(one.encode()) for one in found.bodies) < len(body.encode())


def test_an_event_that_would_be_too_long_by_itself_is_refused() -> None:
    body = '{"Records": [1, [' + "1e9," * 200_000 + "1]]}"

    with pytest.raises(BadJob, match="longer than a message may be"):
        read_event(body, BUCKET)


def test_a_list_of_very_many_events_becomes_no_flood_of_messages() -> None:
    assert isinstance(read_event(json.dumps({"Records": [1] * EVENTS_MAX}), BUCKET), Several)
    with pytest.raises(BadJob, match="101 events; at most 100"):
        read_event(json.dumps({"Records": [1] * (EVENTS_MAX + 1)}), BUCKET)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "%ff" + "x" * 50 + " wJalrXUtnFEMI0K7MDENG0bPxRfiCYEXAMPLEKEY"},
        {"key": "x" * 1_000 + " wJalrXUtnFEMI0K7MDENG0bPxRfiCYEXAMPLEKEY"},
        {"eventTime": "x" * 50 + " wJalrXUtnFEMI0K7MDENG0bPxRfiCYEXAMPLEKEY"},
    ],
)
def test_no_half_of_a_secret_is_left_where_a_sentence_ends(changes: dict[str, str]) -> None:
    with pytest.raises(BadJob) as refused:
        read("incoming/stats/a", **changes)
    assert "wJalrXUtnFEMI" not in refused.value.message
