"""A job whose input goes to the bucket by itself is checked as any other, and its output has a name."""

from typing import Any

import pytest
from jobfleet.errors import BadInput
from jobfleet.sending.prepare import prepare_stored
from jobfleet_jobs.operations.catalogue import OPERATIONS

JOB = "0190b3a0-5d3c-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("operation", "name", "parameters", "output"),
    [
        ("greyscale", "photo.heic", {}, f"outputs/{JOB}/photo.heic"),
        ("convert", "photo.png", {"format": "webp"}, f"outputs/{JOB}/photo.webp"),
        ("histogram", "photo.jpg", {}, f"outputs/{JOB}/photo.png"),
        ("text", "scan", {}, f"outputs/{JOB}/scan.txt"),
        ("classify", "photo.jpg", {}, None),
        ("stats", "numbers.txt", {"more": True}, None),
    ],
)
def test_its_output_lies_in_a_folder_of_the_job(
    operation: str, name: str, parameters: dict[str, Any], output: str | None
) -> None:
    prepared = prepare_stored(OPERATIONS[operation], name, parameters=parameters, job_id=JOB)
    assert (prepared.id, prepared.operation, prepared.output) == (JOB, operation, output)


def test_numbers_are_sent_without_what_was_left_out() -> None:
    # A worker of before a parameter takes the job, too.
    assert prepare_stored(OPERATIONS["stats"], "n", parameters={}, job_id=JOB).parameters == {}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("threshold", {"level": 999}), ("resize", {}), ("greyscale", {"strength": 1})],
)
def test_what_no_worker_could_do_is_refused(operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        prepare_stored(OPERATIONS[operation], "x.png", parameters=parameters, job_id=JOB)
