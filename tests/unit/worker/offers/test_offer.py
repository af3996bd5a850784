"""What a worker offers: the catalogue, without what it lacks the part for."""

import io
import json
from pathlib import Path

import pytest
from jobfleet_jobs.operations import catalogue
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_worker.__main__ import main
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.offers.optional_parts import PARTS
from jobfleet_worker.offers.package_discovery import discover
from jobfleet_worker.settings import WorkerSettings, from_mapping

from tests.packages import WORD_COUNT, install

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


class Typed(io.TextIOWrapper):
    """Standard input that somebody has written."""

    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()))


def test_the_program_prints_what_the_heartbeat_would_say(
    settings: WorkerSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(tmp_path, "words", WORD_COUNT, "it = words:word_count")
    install(tmp_path, "broken", "1 / 0", "it = broken:thing")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # where packages are loaded
    monkeypatch.syspath_prepend(tmp_path)  # where they are found
    monkeypatch.setattr("sys.stdin", Typed("".join(f'{name} = "st"\n' for name in NAMES)))
    monkeypatch.setattr("jobfleet_worker.aws.clients.make_clients", lambda *_: pytest.fail("AWS was asked"))

    assert main(["--offer", "--config=-"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told == make_offer(settings, discover(settings)).sign()
    assert [one["name"] for one in told["own"]] == ["word-count"]
    assert [one["package"] for one in told["broken"]] == ["broken 1.0"]


def test_an_offer_is_refused_where_settings_cannot_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Typed('stack = "st"\n'))

    assert main(["--offer", "--config=-"]) == 78
    assert "-: worker setting 'bucket' is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", [["--stack=st", "--region=us-east-1"], ["--stack=st"], ["--region=us-east-1"]]
)
def test_an_offer_of_a_stack_s_name_is_refused(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--offer", *given]) == 78
    assert (
        "--offer asks no account: give --config, and neither --stack nor --region" in capsys.readouterr().err
    )
