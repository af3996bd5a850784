"""The clock of AWS's own waiting: periods, grace times and time-outs pass faster where `up` was told so.

With `up --time-scale N`, one real second is N seconds for AWS: for periods and delays of alarms and metrics,
for time-outs of lifecycle hooks, grace periods, cooldowns, and notices before a spot instance goes. A boot
takes as long as ever, and so does what is in `state.Delays`, other than `metrics_after`.
"""

_scale = 1.0


def set_scale(scale: float) -> None:
    """Let AWS's clock run `scale` times as fast from now on. Raises `ValueError` unless it is above 0."""
    global _scale
    if scale <= 0:
        raise ValueError(f"time runs {scale} times as fast: say a number above 0")
    _scale = scale


def aws_seconds(seconds: float) -> float:
    """Return how many real seconds pass while `seconds` pass on AWS's clock."""
    return seconds / _scale


def seconds_on_aws(seconds: float) -> float:
    """Return how many seconds pass on AWS's clock while `seconds` pass in reality."""
    return seconds * _scale
