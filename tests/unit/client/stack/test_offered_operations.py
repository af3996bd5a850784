"""What workers say of what they offer, put together; whatever they say, the client stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet.errors import NotOffered
from jobfleet.stack import offered_operations
from jobfleet.stack.offered_operations import Known, Offers, gathered
from jobfleet.stack.workers import Worker
from jobfleet_jobs.operations import catalogue
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.declaration_json import to_json
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Whole

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHINE = Operation("shine", "image", "Shines.", (Whole("much", "How much.", 1, minimum=0, maximum=9),))


def worker(name: str, minutes: int = 0, **offer: Any) -> Worker:
    return Worker(name, "alive", NOW, NOW + timedelta(minutes=minutes), offer=offer)


def own(operation: Operation = SHINE, package: str = "wax 1.0") -> dict[str, Any]:
    return {**to_json(operation), "package": package}


def test_an_operation_has_all_its_workers_and_its_package() -> None:
    found = gathered(
        [worker("a", operations=["stats", "shine"], own=[own()]), worker("b", operations=["stats"])],
        live=True,
    )
    assert (found.offered["shine"].workers, found.offered["shine"].package) == (["a"], "wax 1.0")
    assert found.offered["stats"].workers == ["a", "b"]
    assert list(found.offered) == ["stats", "shine"]
    assert found.find("shine") == SHINE


def test_the_worker_started_last_says_what_an_operation_takes() -> None:
    newer = Operation("shine", "image", "Shines more.")
    old = worker("a", 1, operations=["shine"], own=[own()])
    new = worker("b", 2, operations=["shine"], own=[own(newer, "wax 2.0")])
    for order in ([old, new], [new, old]):
        assert gathered(order, live=True).offered["shine"].package == "wax 2.0"


@pytest.mark.parametrize(
    "offer",
    [
        {"operations": 3, "own": 3, "lacking": 3, "broken": 3},
        {"operations": [3, None], "own": [3, {}], "lacking": {"x": None}, "broken": [3, {}]},
        {"operations": ["shine"]},
        {"operations": ["shine"], "own": [{"name": "stats", "takes": "file"}]},
    ],
)
def test_what_is_damaged_is_passed_over_or_told(offer: dict[str, Any]) -> None:
    found = gathered([worker("a", **offer)], live=True)
    assert "shine" not in found.offered
    with pytest.raises(NotOffered):
        found.find("shine")


def test_a_declaration_of_a_version_to_come_is_told_and_the_rest_is_there() -> None:
    odd = {**own(), "name": "glow", "parameters": [{"kind": "moon", "name": "x"}]}
    found = gathered([worker("a", operations=["shine", "glow"], own=[own(), odd])], live=True)
    assert list(found.offered) == ["shine"]
    assert "'moon' are unknown to this version" in found.broken[0].why


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation of the catalogue that takes a part."""
    polish = Operation("polish", "image", "Polishes.", part="wax")
    monkeypatch.setitem(catalogue.OPERATIONS, "polish", polish)  # type: ignore[arg-type]


class Reads:
    """Counts how often the signs are read."""

    def __init__(self, *workers: Worker, live: bool = True) -> None:
        self.found, self.count = gathered(workers, live=live), 0

    def __call__(self) -> Offers:
        """Read."""
        self.count += 1
        return self.found


@pytest.mark.usefixtures("part")
def test_only_what_takes_a_part_is_asked_for_and_once() -> None:
    reads = Reads(worker("a", operations=["stats", "polish"]))
    known = Known(reads)
    assert known.find("stats") is OPERATIONS["stats"]
    assert reads.count == 0
    assert known.find("polish") is OPERATIONS["polish"]
    known.check("polish")
    assert reads.count == 1


@pytest.mark.usefixtures("part")
def test_it_is_asked_for_again_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered_operations, "KEPT_SECONDS", 0.0)
    reads = Reads(worker("a", operations=["polish"]))
    known = Known(reads)
    known.check("polish")
    known.check("polish")
    assert reads.count == 2


@pytest.mark.usefixtures("part")
def test_what_no_live_worker_has_the_part_for_is_told_with_the_reason() -> None:
    known = Known(Reads(worker("a", operations=["stats"], lacking={"polish": "no wax here"})))
    with pytest.raises(NotOffered, match="no live worker does polish; a says: no wax here"):
        known.check("polish")


@pytest.mark.usefixtures("part")
def test_where_it_is_not_known_the_job_is_sent() -> None:
    Known(Reads(live=False)).check("polish")
    Known(Reads(worker("a", operations=["stats"]), live=False)).check("polish")
    Known(Reads(worker("a", operations=["stats"]), worker("old"))).check("polish")
