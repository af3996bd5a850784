"""The lease of the scalers: who holds it decides, and nobody else.

It is renewed by writing the common state, which S3 takes only if nobody else has written since it was read
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). How old the last write is,
S3 says by its own clock, so that clocks of hosts may be wrong. A holder that was stopped and goes on, as a
frozen process does, knows by its own seconds that its lease is over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import NO_SUCH_KEY, error_code
from jobfleet_jobs.protocol.names import SCALING_STATE_KEY

from jobfleet_scaling.aws.bodies import content_of
from jobfleet_scaling.clock import ScalerClock
from jobfleet_scaling.documents.state import LEASE_SECONDS, ScalingState

# So long before its end a lease holds no more: longer than a call to AWS takes, and than S3's whole seconds.
MARGIN_SECONDS = 13.0

_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", NO_SUCH_KEY})


class Overtaken(Exception):
    """Another scaler wrote the state meanwhile; what this one decided counts for nothing."""


@dataclass(frozen=True)
class StateRead:
    """The common state, as S3 had it `now` (UTC, by S3's clock); it was written `age` seconds earlier.

    `etag` is None where there is none yet.
    """

    state: ScalingState
    etag: str | None
    now: datetime
    age: float = 0.0


class StateStore:
    """Reads and writes the common state. `s3` returns a client."""

    def __init__(self, s3: Callable[[], Any], bucket: str, clock: ScalerClock) -> None:
        self._s3, self._bucket, self._clock = s3, bucket, clock

    def read(self) -> StateRead:
        """Return the state; a new one where there is none. Raises AWS's errors."""
        try:
            answer = self._s3().get_object(Bucket=self._bucket, Key=SCALING_STATE_KEY)
        except ClientError as problem:
            if error_code(problem) != NO_SUCH_KEY:
                raise
            return StateRead(ScalingState(), None, self._time_of(problem.response))
        now = self._time_of(answer)
        age = (now - answer["LastModified"]).total_seconds()
        return StateRead(ScalingState.read(content_of(answer)), answer["ETag"], now, age)

    def write(self, state: ScalingState, before: StateRead) -> StateRead:
        """Write the state over what was read. Raises `Overtaken`, and AWS's errors."""
        condition = {"IfNoneMatch": "*"} if before.etag is None else {"IfMatch": before.etag}
        body = state.to_json().encode()
        try:
            answer = self._s3().put_object(
                Bucket=self._bucket, Key=SCALING_STATE_KEY, Body=body, ContentType="application/json",
                **condition,
            )  # fmt: skip
        except ClientError as problem:
            if error_code(problem) in _OVERTAKEN:
                raise Overtaken from problem
            raise
        return StateRead(state, answer["ETag"], self._time_of(answer))

    def _time_of(self, answer: Any) -> datetime:
        """Return the time of an answer by S3's clock; by this host's if S3 does not say it."""
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            return parsedate_to_datetime(told).astimezone(UTC)
        except ValueError:
            return self._clock.now()


class LeaderLease:
    """The lease, as one scaler (`who`) has it."""

    def __init__(self, who: str, clock: ScalerClock) -> None:
        self._who, self._clock = who, clock
        self._until = float("-inf")

    def may_take(self, read: StateRead) -> bool:
        """Tell whether it is this scaler's, or anyone's."""
        return read.state.holder in ("", self._who) or read.age >= LEASE_SECONDS

    def begin(self) -> float:
        """Return the time that a lease counts from which is asked for after this."""
        return self._clock.monotonic()

    def taken(self, begun: float) -> None:
        """Note that it was taken, or renewed, by a write that `begin` was called before."""
        self._until = begun + LEASE_SECONDS - MARGIN_SECONDS

    def drop(self) -> None:
        """Note that it is not held any more."""
        self._until = float("-inf")

    def holds(self) -> bool:
        """Tell whether it still holds: to be asked right before whatever only its holder may do."""
        return self._clock.monotonic() < self._until
