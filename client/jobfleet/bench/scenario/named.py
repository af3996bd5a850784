"""Scenarios that have a name."""

from collections.abc import Mapping

from jobfleet.bench.scenario.scenario import Phase, Scenario

# As cloud courses ask for it: 1,000 requests to each cluster; then 500, a pause of a minute, and 1,000 more.
ASSIGNMENT = Scenario((
    Phase("1,000 requests", requests=1_000),
    Phase("500 before the pause", requests=500),
    Phase("pause", pause=60.0),
    Phase("1,000 after the pause", requests=1_000),
))  # fmt: skip

NAMED: Mapping[str, Scenario] = {"assignment": ASSIGNMENT}
