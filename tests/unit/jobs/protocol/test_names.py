from datetime import UTC, datetime

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS, find_operation
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.names import (
    BadStackName,
    BatchEntry,
    StackNames,
    log_key,
    output_key,
    result_key,
    sent_once_key,
    shown_name,
    upload_key,
)

from tests.places import REPOSITORY

VARS = REPOSITORY / "inventory/group_vars/all.yml"


def test_the_playbooks_variables_derive_the_same_names() -> None:
    variables = yaml.safe_load(VARS.read_text())
    given = {"stack_name": "some-stack", "aws_region": "eu-central-1", "account_id": "123456789012"}

    def rendered(name: str) -> str:
        return str(jinja2.Environment(autoescape=True).from_string(variables[name]).render(given))

    names = StackNames("some-stack")
    assert rendered("queues_requests_name") == names.requests
    assert rendered("queues_responses_name") == names.responses
    assert rendered("queues_dead_letter_name") == names.dead_letters
    assert rendered("queues_replies_prefix") == names.replies_prefix
    assert rendered("bucket_name") == names.bucket("123456789012", "eu-central-1")


@pytest.mark.parametrize("name", ["", "a", "A-b", "1a", "a-", "a_b", "a" * 33, "a\n", "ä1"])
def test_a_stack_name_that_aws_could_not_hold_is_refused(name: str) -> None:
    with pytest.raises(BadStackName):
        StackNames(name)


def test_the_longest_stack_name_fits_a_bucket_and_a_queue() -> None:
    names = StackNames("a" * 32)
    assert len(names.bucket("1" * 12, "ap-southeast-99")) <= 63
    assert len(names.replies_prefix + "0" * 16) <= 80


@pytest.mark.parametrize("name", ["", "/x", "x/", "a//b", ".", "..", "a/../b", "a\nb", "x" * 901, "\x00"])
def test_an_output_name_that_leads_elsewhere_is_a_bad_job(name: str) -> None:
    with pytest.raises(BadJob):
        output_key(name)


def test_keys_say_what_they_hold() -> None:
    assert output_key("holiday/grey ä.jpg") == "outputs/holiday/grey ä.jpg"
    assert upload_key("ID", "C:\\pictures\\a.png") == "uploads/ID/a.png"
    assert upload_key("ID", "/") == "uploads/ID/input"
    assert result_key("ID") == "results/ID.json"
    assert log_key("w", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 6) == (
        "logs/by-time/2026/01/02/030405-000006-w.jsonl"
    )


# S3's most for a key, in bytes of UTF-8.
KEY_MAX_BYTES = 1_024


@given(some.text(max_size=400), some.booleans())
def test_a_batchs_key_tells_the_name_of_the_file_whatever_it_is(name: str, is_retry: bool) -> None:
    retry_of = new_job_id() if is_retry else None
    entry = BatchEntry(new_job_id(), new_job_id(), "o" * 50, name, retry_of)
    assert len(entry.key.encode()) <= KEY_MAX_BYTES
    assert entry.key.isascii()
    assert BatchEntry.of(entry.key) == entry._replace(
        name=shown_name(name).encode("utf-8", "replace").decode()
    )


def test_a_long_name_keeps_its_ending() -> None:
    assert shown_name("short.png") == "short.png"
    assert shown_name("ü" * 300 + ".png").endswith("….png")
    assert len(shown_name("ü" * 300 + ".png").encode()) <= 255
    assert len(shown_name("x" * 300).encode()) <= 255


def test_a_batchs_key_of_a_job_that_is_no_retry_is_as_it_always_was() -> None:
    assert BatchEntry("b", "j", "stats", "a b").key == "web/batches/b/j/stats/a%20b"
    assert BatchEntry.of("web/batches/b/j/stats/a%20b") == ("b", "j", "stats", "a b", None)


@pytest.mark.parametrize(
    "key", ["", "web/batches/a", "web/batches/a/b/c", "web/batches/a/b/c/d/e", "web/batches/a/b/c/d/"]
)
def test_what_is_no_batchs_key_is_none(key: str) -> None:
    assert BatchEntry.of(key) is None


def test_no_key_of_a_sender_leads_elsewhere() -> None:
    found = sent_once_key("../../config/stack\ud800")
    assert found.startswith("web/keys/")
    assert "/" not in found.removeprefix("web/keys/")


def test_an_operation_checks_its_parameters_and_fills_in_the_rest() -> None:
    threshold = find_operation("threshold")
    assert threshold.check({"level": 9}) == {"level": 9, "low": 0, "high": 254}
    for bad in ({"level": 256}, {"level": -1}, {"level": "9"}, {"level": True}, {"level": 9.0}, {"loud": 1}):
        with pytest.raises(BadJob):
            threshold.check(bad)
    with pytest.raises(BadJob, match="it takes none"):
        OPERATIONS["greyscale"].check({"level": 1})
    with pytest.raises(BadJob, match="there are stats, greyscale"):
        find_operation("rot13")
