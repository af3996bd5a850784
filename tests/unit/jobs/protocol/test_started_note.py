import json
from datetime import UTC, datetime

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Inline, Request, Result
from jobfleet_jobs.protocol.started_note import StartedNote

ID = "0190b3a0-5d3c-7000-8000-000000000000"
NOTE = StartedNote(ID, "w1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_a_note_survives_its_json() -> None:
    assert StartedNote.read(NOTE.to_json()) == NOTE


def test_a_client_of_before_takes_a_note_for_no_result() -> None:
    # What it cannot read, it passes over.
    with pytest.raises(BadJob):
        Result.from_json(NOTE.to_json())


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"status": "succeeded"}, {"at": "soon"}, {"at": 5}, {"id": None, "at": None}]
)
def test_what_is_no_note_is_not_taken_for_one(change: dict[str, object]) -> None:
    assert StartedNote.read(json.dumps(json.loads(NOTE.to_json()) | change)) is None


def test_a_result_that_only_has_the_word_in_it_is_no_note() -> None:
    result = Result(ID, "text", "succeeded", "w", 1, {"words": ["working"]})
    assert StartedNote.read(result.to_json()) is None
    assert StartedNote.read('"working"') is None


def test_a_request_of_who_asks_for_no_note_is_as_it_was() -> None:
    request = Request(ID, "stats", Inline("1"), "2026-01-01T00:00:00Z")
    assert "tell" not in json.loads(request.to_json())


@pytest.mark.parametrize("wrong", ["started", [1], {"started": True}, 5])
def test_what_to_tell_is_a_list_of_texts(wrong: object) -> None:
    body = json.loads(Request(ID, "stats", Inline("1"), "2026-01-01T00:00:00Z").to_json()) | {"tell": wrong}
    with pytest.raises(BadJob, match="give a list of texts"):
        Request.from_json(json.dumps(body))


def test_words_of_a_later_version_are_passed_over() -> None:
    body = json.loads(Request(ID, "stats", Inline("1"), "2026-01-01T00:00:00Z").to_json())
    assert Request.from_json(json.dumps(body | {"tell": ["progress", "started"]})).tell == (
        "progress",
        "started",
    )
