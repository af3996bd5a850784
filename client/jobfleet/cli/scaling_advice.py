"""What `jobfleet scaling --advise` tells: other settings, simulated on the stack's own last week."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobfleet.cli.invocation import Invocation

if TYPE_CHECKING:
    from jobfleet_scaling.documents.configuration import ScalingConfiguration
    from jobfleet_scaling.simulate.advice import Advice, Proposal

    from jobfleet.aws.account import Account
    from jobfleet.stack.scaling.arrivals import Arrivals

WEEK = timedelta(days=7)

# Fewer jobs, or a shorter time, say little of the next week.
JOBS_MIN, DAYS_MIN = 100, 1.0

_HEADERS = ("settings", "host hours", "USD", "p50 wait", "p95 wait", "most hosts", "what it is")
_NUMBERS = frozenset(_HEADERS[1:6])


def show_advice(invocation: Invocation, account: "Account", price: float) -> None:
    """Simulate the last week with the settings as they are and with others, and show what is better."""
    from jobfleet.aws.bucket import Bucket
    from jobfleet.stack.scaling.arrivals import arrivals_of
    from jobfleet.stack.scaling.log import ScalingLines
    from jobfleet.stack.scaling.view import read_configuration

    bucket, output = Bucket(account), invocation.output
    configuration = read_configuration(bucket)
    if configuration is None:
        output.say("the stack does not scale; `scaling: {min: 0, max: 6}` in the inventory makes it")
        return
    with output.waiting("reading the log of the last week"):
        found = arrivals_of(ScalingLines(bucket).since(datetime.now(UTC) - WEEK).lines)
    if len(found.times) < JOBS_MIN or not found.service_seconds:
        output.say(
            f"too little is known for advice: {len(found.times)} jobs came in the last week, and {JOBS_MIN} "
            "are needed; ask again when the stack has done more"
        )
        return
    with output.waiting("simulating"):
        advice = _advise(found, configuration, price)
    _show(invocation, advice, found)


def _advise(found: "Arrivals", configuration: "ScalingConfiguration", price: float) -> "Advice":
    from jobfleet_scaling.simulate.advice import advise

    assert found.service_seconds is not None  # noqa: S101 - for the type checker
    return advise(
        found.times, configuration, service_seconds=found.service_seconds, slots=found.slots or 1.0,
        price=price, period=max(3_600.0, _days(found) * 86_400),
    )  # fmt: skip


def _days(found: "Arrivals") -> float:
    return (found.last - found.first).total_seconds() / 86_400 if found.first and found.last else 0.0


def _show(invocation: Invocation, advice: "Advice", found: "Arrivals") -> None:
    from jobfleet.cli.terminal.tables import show_table

    output = invocation.output
    if invocation.as_json:
        sys.stdout.write(json.dumps({**asdict(advice), "days_known": _days(found)}) + "\n")
    else:
        show_table(_HEADERS, [_row(one) for one in (advice.now, *advice.proposals)], _NUMBERS)
    sys.stdout.flush()
    output.say(
        f"a week with each, simulated with {advice.jobs:,} of the {advice.all_jobs:,} jobs of the last "
        f"{_days(found):.1f} days; put what you like into `scaling` in the inventory and run "
        "`ansible-playbook site.yml`"
    )
    if not advice.proposals:
        output.say("nothing that was tried is clearly cheaper or quicker than what is set")
    if _days(found) < DAYS_MIN:
        output.say("note: the log knows less than a day, so a week may be quite different")


def _row(one: "Proposal") -> tuple[Any, ...]:
    from jobfleet_jobs.durations import duration

    settings = f"{{min: {one.minimum}, max: {one.maximum}, window: {one.window:g}, clear: {one.clear:g}}}"
    waits = (duration(round(seconds, 1)) for seconds in (one.p50, one.p95))
    return settings, f"{one.hours:,.1f}", f"{one.cost:,.2f}", *waits, f"{one.peak:,}", one.why
