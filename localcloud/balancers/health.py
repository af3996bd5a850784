"""Health of targets: one request each interval, and so many answers in a row decide.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from localcloud.balancers.model import Check, Target, TargetName

# ALB's checks name themselves so, in their newest version.
_AGENT = "ELB-HealthChecker/2.0"

INITIAL, HEALTHY, UNHEALTHY = "initial", "healthy", "unhealthy"


class CheckFailure(NamedTuple):
    """Why a check failed, in AWS's words."""

    reason: str
    description: str


_TIMED_OUT = CheckFailure("Target.Timeout", "Request timed out")
_FAILED = CheckFailure("Target.FailedHealthChecks", "Health checks failed")
CHECKING = CheckFailure("Elb.InitialHealthChecking", "Initial health checks in progress")


@dataclass
class Health:
    """What is known of a target; its first good answer makes it healthy, whatever the threshold is."""

    state: str = INITIAL
    failure: CheckFailure | None = CHECKING
    in_a_row: int = 0
    """Answers of the newest kind without one of the other."""
    was_good: bool = True

    def note(self, failure: CheckFailure | None, check: Check) -> None:
        """Count a check that found `failure`, or None if all is well."""
        good = failure is None
        self.in_a_row = self.in_a_row + 1 if good == self.was_good else 1
        self.was_good = good
        if good and (self.state == INITIAL or self.in_a_row >= check.healthy):
            self.state, self.failure = HEALTHY, None
        elif not good and self.in_a_row >= check.unhealthy:
            self.state, self.failure = UNHEALTHY, failure


HealthOf = Callable[[str, TargetName], Health | None]
"""Tells what is known of a target of a group, by the group's ARN; None before its first check has begun."""


def codes_hold(codes: str, status: int) -> bool:
    """Tell whether a status is among `codes`, which are like `200`, `200,202` or `200-299`."""
    for part in codes.split(","):
        first, _, last = part.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def probe(target: Target, check: Check, source: str) -> CheckFailure | None:
    """Ask a target, from the address `source`; None if it is well."""
    # Its address as the Host header, as ALB sends it; the port is left out where it is HTTP's own.
    connection = http.client.HTTPConnection(
        target.address or "", check.port or target.name.port, check.timeout, (source, 0)
    )
    try:
        connection.request("GET", check.path, headers={"User-Agent": _AGENT, "Connection": "close"})
        status = connection.getresponse().status
    except TimeoutError:
        return _TIMED_OUT
    except (OSError, http.client.HTTPException):
        return _FAILED
    finally:
        connection.close()
    if codes_hold(check.codes, status):
        return None
    return CheckFailure("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")
