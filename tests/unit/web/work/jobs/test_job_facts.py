"""What is kept beside an input comes back as it was, whatever it is called, and fits into S3's metadata."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_web.problems import Problem
from jobfleet_web.work.jobs.job_facts import JobFacts, metadata_of, read_metadata

NAMES = some.text(max_size=300)
VALUES = some.text(max_size=20) | some.integers(0, 10**6) | some.booleans()

# What S3 takes, names and values together.
METADATA_MAX_BYTES = 2_048


@given(NAMES, some.text(max_size=120), some.dictionaries(some.text(max_size=5), VALUES, max_size=5))
def test_it_is_ascii_fits_and_comes_back(name: str, kind: str, parameters: dict[str, Any]) -> None:
    facts = JobFacts(
        new_job_id(), name, "convert", parameters, new_job_id(), 5, kind[:30], 0.125, "uploads/x/y",
        new_job_id(),
    )  # fmt: skip
    written = metadata_of(facts)
    assert all(
        value.isascii() and value.isprintable() and value == value.strip() for value in written.values()
    )
    assert sum(len(name) + len(value) for name, value in written.items()) <= METADATA_MAX_BYTES
    found = read_metadata(facts.id, "uploads/x/y", 5, written)
    assert (found.parameters, found.batch, found.received) == (parameters, facts.batch, 0.125)
    assert found.retry_of == facts.retry_of
    if len(name.encode("utf-8", "replace")) <= 255 and name.isprintable() and name:
        assert found.name == name


def test_the_longest_pipeline_fits() -> None:
    steps = [{"operation": "resize", "parameters": {"width": 10**6 - n, "height": n + 1}} for n in range(20)]
    parameters = OPERATIONS["pipeline"].check({"steps": steps})
    facts = JobFacts(
        new_job_id(), "ü" * 300, "pipeline", parameters, new_job_id(), content_type="image/" + "x" * 94,
        retry_of=new_job_id(),
    )  # fmt: skip
    written = metadata_of(facts)
    assert sum(len(name) + len(value) for name, value in written.items()) <= METADATA_MAX_BYTES
    assert read_metadata("x", "uploads/x/y", 1, written).parameters == parameters


def test_parameters_that_cannot_be_kept_are_refused() -> None:
    noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(1_500))
    with pytest.raises(Problem) as caught:
        metadata_of(JobFacts(new_job_id(), "x", "own", {"words": noise}))
    assert (caught.value.status, caught.value.code) == (400, "too-many-parameters")


@pytest.mark.parametrize(
    "written", [{}, {"parameters": "%"}, {"parameters": "z:!"}, {"parameters": "[1]"}, {"received": "x"},
     {"retry-of": "../x"}],
)  # fmt: skip
def test_what_others_wrote_is_read_as_far_as_it_goes(written: dict[str, str]) -> None:
    found = read_metadata("x", "uploads/x/photo.png", 7, written)
    assert (found.name, found.bytes, found.parameters, found.received) == ("photo.png", 7, None, None)
    assert found.retry_of is None
