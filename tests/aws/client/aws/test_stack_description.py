"""What the stack publishes, as the client uses it."""

import json
from typing import Any

import pytest
from jobfleet.aws.stack_description import Published, parse_description
from jobfleet.errors import Exit
from jobfleet_jobs.protocol.message import LARGE_BYTES

from tests.client_bench import Jobfleet, says_why


def publish(stack: Any, **limits: int) -> None:
    body = json.dumps({"version": "1", "limits": limits}).encode()
    stack.s3.put_object(Bucket=stack.bucket, Key="config/stack.json", Body=body)


@pytest.fixture
def large(jobfleet: Jobfleet) -> str:
    (jobfleet.home / "large.tif").write_bytes(bytes(LARGE_BYTES))
    return "large.tif"


def uploads(stack: Any) -> list[str]:
    return [call for call in stack.front.calls if "uploads/" in call]


def test_an_input_that_no_worker_would_take_is_not_uploaded(
    jobfleet: Jobfleet, stack: Any, large: str
) -> None:
    publish(stack, max_input_bytes=5_000_000)
    ran = jobfleet("greyscale", large)
    says_why(ran, Exit.BAD_INPUT, "large.tif has 8.4 MB", "at most 5.0 MB", "raise worker_max_input_bytes")
    assert uploads(stack) == []
    assert stack.waiting(stack.requests) == 0


@pytest.mark.parametrize("limit", [None, LARGE_BYTES])
def test_what_fits_or_nothing_is_published_about_is_sent(
    jobfleet: Jobfleet, stack: Any, large: str, limit: int | None
) -> None:
    if limit:
        publish(stack, max_input_bytes=limit)
    assert jobfleet("submit", "greyscale", large).returncode == 0
    assert uploads(stack) != []


def test_small_inputs_cost_no_call_for_it(jobfleet: Jobfleet, stack: Any) -> None:
    publish(stack, max_input_bytes=1)
    (jobfleet.home / "small.png").write_bytes(b"x" * 1000)
    assert jobfleet("submit", "greyscale", "small.png").returncode == 0
    # Whether the fleet may sleep is another question.
    assert [call for call in stack.front.calls if "config/" in call] == ["GET config/scaling.json"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_what_is_no_description_is_passed_over(data: bytes) -> None:
    assert parse_description(data) is None


def test_fields_that_are_not_understood_are_passed_over() -> None:
    found = parse_description(
        b'{"version": 3, "queues": [], "limits": {"max_pixels": true, "max_numbers": 5}, "new": {}}'
    )
    assert found == Published(None, {}, {"max_numbers": 5})
