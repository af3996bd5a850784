"""What a worker offers: the catalogue, without what it lacks the part for."""

import pytest
from jobfleet_jobs.operations import catalogue
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.offers.optional_parts import PARTS
from jobfleet_worker.settings import WorkerSettings, from_mapping

NAMES = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")


@pytest.fixture
def settings() -> WorkerSettings:
    return from_mapping({**dict.fromkeys(NAMES, "st"), "processes": 1})


@pytest.fixture
def polish(monkeypatch: pytest.MonkeyPatch) -> Operation:
    """An operation that needs a part."""
    operation = Operation("polish", "image", "An image that shines.", part="wax")
    monkeypatch.setitem(catalogue.OPERATIONS, "polish", operation)  # type: ignore[arg-type]
    return operation


def test_an_operation_is_offered_where_its_part_is(settings: WorkerSettings, polish: Operation) -> None:
    offer = make_offer(settings, parts={**PARTS, "wax": lambda settings: None})
    assert offer.find("polish") is polish
    assert set(offer.operations) >= {o.name for o in OPERATIONS.values() if o.part is None}
    assert "polish" not in offer.lacking
    assert "polish" in offer.sign()["operations"]


def test_an_operation_without_its_part_is_lacking_with_the_reason(
    settings: WorkerSettings, polish: Operation
) -> None:
    offer = make_offer(settings, parts={**PARTS, "wax": lambda settings: f"{settings.stack} has no wax"})
    assert offer.find("polish") is None
    assert offer.lacking["polish"] == "st has no wax"
    assert offer.find("stats") is OPERATIONS["stats"]
    assert "polish" not in offer.sign()["operations"]


def test_every_part_that_an_operation_names_has_a_probe() -> None:
    assert {o.part for o in OPERATIONS.values() if o.part} <= set(PARTS)
