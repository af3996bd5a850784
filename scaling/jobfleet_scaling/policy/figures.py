"""The figures that a policy decides by, and what it decides."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """What there is to do at the time `at` (seconds of any clock that only goes forward).

    `visible` jobs wait in the queue, `in_flight` ones are in the hands of workers. A host works on `slots`
    jobs at once, and a job takes one slot `service_seconds` on average; 0 where nobody knows yet.
    """

    at: float
    visible: int
    in_flight: int
    service_seconds: float
    slots: float


@dataclass(frozen=True)
class Standing:
    """How many hosts there are: at work, on their way up, and on their way out (cordoned)."""

    running: int
    booting: int = 0
    leaving: int = 0


@dataclass(frozen=True)
class Bounds:
    """How many hosts there may be; `maximum` is what is left of the account's limits, where that is less."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Tuning:
    """How a policy weighs; all in seconds.

    `clear` is in how long a backlog shall be done, `window` over how long the arriving work is averaged (and
    how long the last host stays after the last job), and `boot` how long a host takes from its launch to its
    first job.
    """

    clear: float = 60.0
    window: float = 120.0
    boot: float = 60.0


@dataclass(frozen=True)
class ScalingDecision:
    """`wanted` hosts there shall be. `need` is what the demand alone asks for, `why` says it in words."""

    wanted: int
    need: float
    why: str
