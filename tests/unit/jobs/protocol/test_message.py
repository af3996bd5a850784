import json
import uuid
from typing import Any

import pytest
from jobfleet.cli.terminal.result_lines import described_plainly
from jobfleet_jobs.careful_json import STORED_NESTED_MAX
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.ids import is_job_id, new_job_id
from jobfleet_jobs.protocol.message import (
    Inline,
    JobError,
    Output,
    Request,
    Result,
    Stored,
)
from jobfleet_jobs.protocol.unreadable import read_what_can_be_read

CANARY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
ID = "0190b3a0-5d3c-7000-8000-000000000000"
WHOLE = Request(
    ID,
    "threshold",
    Stored("bucket", "uploads/a"),
    "2026-01-02T03:04:05+00:00",
    {"level": 7},
    "outputs/ä.png",
    "s-reply-1",
    ("started",),
)


@pytest.mark.parametrize(
    "request_", [WHOLE, Request(ID, "stats", Inline('1 2 "3" ü'), "2026-01-02T03:04:05Z")]
)
def test_a_request_survives_its_json(request_: Request) -> None:
    assert Request.from_json(request_.to_json()) == request_


@pytest.mark.parametrize(
    "result",
    [
        Result(ID, "stats", "succeeded", "w", 2, {"mean": 10**400}, timings={"input": 0.5}),
        Result(ID, "greyscale", "succeeded", "w", 1, {"format": "PNG"}, Output("b", "outputs/x", 9)),
        Result(ID, "x", "failed", "w", 1, error=JobError("bad", "why")),
    ],
)
def test_a_result_survives_its_json(result: Result) -> None:
    assert Result.from_json(result.to_json()) == result


@pytest.mark.parametrize("wrong", [None, 5, ["a"], {"a": 1}])
def test_an_error_whose_words_are_no_text_is_read_all_the_same(wrong: Any) -> None:
    body = json.loads(Result(ID, "x", "failed", "w", 1, error=JobError("bad", "why")).to_json())
    body["error"] = {"code": wrong, "message": wrong}
    assert Result.from_json(json.dumps(body)).error == JobError(str(wrong), str(wrong))


@pytest.mark.parametrize("wrong", ["text", 5, {"code": "bad"}])
def test_an_error_that_is_no_object_of_both_makes_no_result(wrong: Any) -> None:
    body = json.loads(Result(ID, "x", "failed", "w", 1).to_json()) | {"error": wrong}
    with pytest.raises(BadJob):
        Result.from_json(json.dumps(body))


def test_an_answer_is_the_result_as_long_as_it_fits_and_says_where_it_lies_when_not() -> None:
    result = Result(ID, "stats", "succeeded", "w", 1, {"words": "ü" * 100}, timings={"operation": 0.5})
    whole = result.to_json()
    assert len(whole) == len(whole.encode())
    assert result.to_answer(len(whole)) == whole
    told = Result.from_json(result.to_answer(len(whole) - 1))
    assert told == Result(ID, "stats", "succeeded", "w", 1, None, timings={"operation": 0.5}, stored=True)
    assert not Result.from_json(whole).stored


def test_fields_that_are_unknown_are_passed_over() -> None:
    body = json.loads(WHOLE.to_json()) | {"colour": "blue"}
    assert Request.from_json(json.dumps(body)) == WHOLE


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"id": None},
        {"id": "../../x"},
        {"id": ID.upper()},
        {"operation": ""},
        {"operation": 3},
        {"input": None},
        {"input": {}},
        {"input": {"bucket": "b"}},
        {"input": {"inline": 3}},
        {"submitted_at": None},
        {"parameters": []},
        {"output": "x"},
        {"output": {}},
        {"reply_to": 5},
    ],
)
def test_a_request_with_a_field_missing_or_wrong_is_a_bad_job(change: dict[str, Any]) -> None:
    body = {
        name: value for name, value in (json.loads(WHOLE.to_json()) | change).items() if value is not None
    }
    with pytest.raises(BadJob):
        Request.from_json(json.dumps(body))


@pytest.mark.parametrize("name", ["version", "id"])
def test_no_half_of_a_secret_is_in_what_is_said_of_a_request(name: str) -> None:
    body = json.loads(WHOLE.to_json()) | {name: "x" * 50 + " " + CANARY}
    with pytest.raises(BadJob, match=r"x <hidden>") as caught:
        Request.from_json(json.dumps(body))
    assert CANARY[:20] not in caught.value.message


@pytest.mark.parametrize("body", ["", "hello", "[]", "3", "null", "{", '"x"', "\x00"])
def test_what_is_no_json_object_is_a_bad_job(body: str) -> None:
    with pytest.raises(BadJob):
        Request.from_json(body)
    assert read_what_can_be_read(body) == ("", "", None)


def test_what_can_be_read_of_a_bad_request_is_read_and_nothing_dangerous() -> None:
    assert read_what_can_be_read(WHOLE.to_json()) == (ID, "threshold", "s-reply-1")
    assert read_what_can_be_read('{"id": "../x", "operation": 4, "reply_to": []}') == ("", "", None)


def test_job_ids_are_uuids_of_version_7_that_sort_by_their_time() -> None:
    ids = [new_job_id(now) for now in (1.0, 2.0, 2.001, 1e9, 2e9)]
    assert ids == sorted(ids)
    assert len({new_job_id() for _ in range(1000)}) == 1000
    for text in ids:
        assert uuid.UUID(text).version == 7
        assert uuid.UUID(text).variant == uuid.RFC_4122
        assert is_job_id(text)
    assert int(uuid.UUID(ids[3])) >> 80 == 10**12


@pytest.mark.parametrize(
    "text", ["", "x", ID.upper(), "{" + ID + "}", ID.replace("-", ""), "../" + ID, ID + "\n"]
)
def test_nothing_but_a_canonical_uuid_is_a_job_id(text: str) -> None:
    assert not is_job_id(text)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *((name, wrong) for name in ("id", "operation", "worker", "status") for wrong in (None, 5, [], {})),
        ("status", "done"),
        *(("attempt", wrong) for wrong in (None, "1", 1.5, True, 10**30, [1])),
        *(("result", wrong) for wrong in (5, "x", [1])),
        *(("timings", wrong) for wrong in (5, [1], {"input": "1"}, {"input": None}, {"input": float("nan")})),
        *(("output", wrong) for wrong in (5, "x", [], {"key": "k"}, {"bucket": 1, "key": "k", "bytes": 1})),
        *(("attempts", wrong) for wrong in (5, "x", [5], [{}], [{"at": 1, "worker": "w", "cause": "c"}])),
        ("dropped", 5),
    ],
)
def test_a_result_with_a_field_of_another_type_is_none_that_anyone_trips_over(name: str, wrong: Any) -> None:
    body = json.loads(Result(ID, "x", "succeeded", "w", 1, {"mean": 1}).to_json()) | {name: wrong}

    with pytest.raises(BadJob) as refused:
        Result.from_json(json.dumps(body))

    assert (refused.value.code, name in refused.value.message) == ("bad-result", True)


@pytest.mark.parametrize(
    ("kind", "most", "depth"),
    [
        (Request, 100, 101),
        (Result, 800, 801),
        *((k, m, d) for k, m in ((Request, 100), (Result, 800)) for d in (980, 990, 100_000)),
    ],
)
def test_what_is_nested_too_deep_is_neither_a_request_nor_a_result(
    kind: type[Request | Result], most: int, depth: int
) -> None:
    deep = "[" * depth + "]" * depth
    with pytest.raises(BadJob, match=f"nested more than {most} deep"):
        kind.from_json(f'{{"version": {deep}}}')


@pytest.mark.parametrize("depth", [100, 500, STORED_NESTED_MAX - 1])
def test_a_result_that_an_older_version_stored_deeper_is_read_and_told_on(depth: int) -> None:
    stored = Result(ID, "x", "succeeded", "w", 1, {"found": 0}).to_json()
    stored = stored.replace('{"found":0}', '{"a":' * depth + "1" + "}" * depth)

    result = Result.from_json(stored)

    assert result.to_json() == stored
    # As a terminal shows it.
    assert json.dumps(json.loads(stored), ensure_ascii=False, separators=(",", ":")) == stored
    assert list(described_plainly(result.result or {})) == ["a"]
