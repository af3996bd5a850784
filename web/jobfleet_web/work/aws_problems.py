"""Errors of the client as answers of the web tier, each with what to do about it."""

from jobfleet.errors import (
    BadInput,
    BadOutput,
    DamagedScaling,
    FleetError,
    NoCredentials,
    NotAllowed,
    NotDeployed,
    NotOffered,
    NotTaken,
    UnknownSettings,
    Unreachable,
    WrongClock,
)

from jobfleet_web.links import HERE
from jobfleet_web.problems import Problem

CREDENTIALS_MEND = (
    "start the lab again if it is one, and have new credentials brought to the stack with "
    "`ansible-playbook playbooks/credentials.yml`; then send it again"
)

CLOCK_MEND = "have the clock of the web tier's host set; then send it again"

SCALING_DAMAGED = "scaling-damaged"

# Status, code, what to do, and after how many seconds a retry makes sense; the first kind that fits counts.
_KINDS: tuple[tuple[type[FleetError], int, str, str, int | None], ...] = (
    (WrongClock, 503, "clock-off", CLOCK_MEND, 30),
    (NoCredentials, 503, "session-over", CREDENTIALS_MEND, 30),
    (Unreachable, 503, "aws-unreachable", "send it again in a moment", 5),
    (NotDeployed, 503, "not-deployed", "have the stack deployed with `ansible-playbook site.yml`", 60),
    (NotAllowed, 503, "not-allowed", "have docs/policies/web.json allowed to the web tier", 60),
    (NotTaken, 503, "not-taken", "send it again", 1),
    (UnknownSettings, 503, "bad-settings", "have the settings of the web tier corrected", 60),
    (BadOutput, 410, "output-gone", "send the file again", None),
    (NotOffered, 400, "not-offered", f"GET {HERE}/api/v1/operations lists what the workers offer", None),
    (BadInput, 400, "bad-input", "", None),
    (DamagedScaling, 503, SCALING_DAMAGED, "look again when that is done", 60),
    (FleetError, 503, "aws-refused", "send it again in a moment", 5),
)


def problem_of(error: FleetError) -> Problem:
    """Return the answer to a request that an error of the client ended."""
    status, code, mend, after = next(found[1:] for found in _KINDS if isinstance(error, found[0]))
    problem = Problem(status, code, str(error), mend=mend)
    return problem if after is None else problem.with_headers(Retry_After=str(after))
