"""What a simulated account is like."""

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """What hosts, queue and bills are like; times in seconds.

    There may be `minimum` to `maximum` hosts. A host works on `slots` jobs at once and boots for `boot[0]`
    to `boot[1]`, evenly spread. It is paid by the second from its launch, for `paid_at_least`, at `price` an
    hour (any currency). Counts of the queue are wrong by up to the part `count_error`, and those of
    CloudWatch late by `metric_lag`. A host has up to `hold` jobs in flight, if that is more than `slots`.

    The part `refused` of all launches is refused, and the part `stillborn` of all hosts never comes up. A
    host lives for `life` on average; 0: until it is ended. The jobs of a killed one are visible again after
    `visibility`.
    """

    slots: int = 2
    minimum: int = 0
    maximum: int = 9
    boot: tuple[float, float] = (60.0, 90.0)
    tick: float = 10.0
    paid_at_least: float = 60.0
    price: float = 0.0416
    count_error: float = 0.1
    metric_lag: float = 60.0
    hold: int = 0
    refused: float = 0.0
    stillborn: float = 0.0
    life: float = 0.0
    visibility: float = 60.0
