"""A stack with a queue and a bucket for scalers, whose hosts are played: these tests launch none."""

import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import (
    SCALING_CONFIGURATION_KEY,
    SCALING_LOG,
    SCALING_STATE_KEY,
    heartbeat_key,
)
from jobfleet_jobs.protocol.roll import roll_key
from jobfleet_scaling.demand.reader import DemandReader
from jobfleet_scaling.documents.configuration import ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine, read_lines
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_scaling.service.carrying_out import Acts
from jobfleet_scaling.service.configuration_reader import ConfigurationReader
from jobfleet_scaling.service.leader import Leader, LeaderParts
from jobfleet_scaling.service.lease import LeaderLease, StateRead, StateStore
from jobfleet_scaling.service.scaling_log import ScalingLog
from jobfleet_scaling.service.service import Service, ServiceParts

from tests.scaling_fleet import FakeFleet, TurnedClock, configuration


@dataclass
class ScalingStack:
    """A stack with its fleet. What scalers print goes to `out`."""

    sqs: Any
    s3: Any
    fleet: FakeFleet = field(default_factory=FakeFleet)
    out: io.StringIO = field(default_factory=io.StringIO)
    name: str = field(default_factory=lambda: f"s{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.bucket = f"{self.name}-bucket"
        self.s3.create_bucket(Bucket=self.bucket)
        self.queue = self.sqs.create_queue(QueueName=f"{self.name}-requests")["QueueUrl"]

    def configure(self, made: ScalingConfiguration | None = None) -> None:
        """Publish how the stack scales."""
        body = (made or configuration()).to_json()
        self.s3.put_object(Bucket=self.bucket, Key=SCALING_CONFIGURATION_KEY, Body=body)

    def send(self, count: int) -> None:
        """Put requests on the queue."""
        for _ in range(count):
            self.sqs.send_message(QueueUrl=self.queue, MessageBody="{}")

    def take(self, count: int) -> None:
        """Have requests in hand, as a worker has."""
        for _ in range(count):
            assert self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=1)["Messages"]

    def beat(self, worker: str, **more: Any) -> None:
        """Write a heartbeat as a worker does."""
        told = Heartbeat(worker, **{"at": datetime.now(UTC), "slots": 2, **more})
        self.s3.put_object(Bucket=self.bucket, Key=roll_key(told), Body=b"")
        self.s3.put_object(Bucket=self.bucket, Key=heartbeat_key(worker), Body=told.to_json())

    def state(self) -> ScalingState:
        """Return the common state."""
        found = self.s3.get_object(Bucket=self.bucket, Key=SCALING_STATE_KEY)["Body"].read()
        return ScalingState.read(found)

    def logged(self) -> list[ScalingLine]:
        """Return all lines in the bucket."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=SCALING_LOG).get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in listed]
        return [line for body in bodies for line in read_lines(body)]

    def printed(self) -> list[dict[str, Any]]:
        """Return what was printed so far."""
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def events(self) -> list[str]:
        """Return which events were printed so far, but for decisions."""
        return [line["event"] for line in self.printed() if line["event"] != "decided"]


class TurnedStore(StateStore):
    """A store in which as much time has passed for S3 as on the scaler's own clock."""

    def read(self) -> StateRead:
        found = super().read()
        return replace(found, now=found.now + timedelta(seconds=self._clock.monotonic()))


@dataclass
class Scaler:
    """One scaler, tick by tick, with a clock of its own."""

    stack: ScalingStack
    who: str
    clock: TurnedClock = field(default_factory=lambda: TurnedClock(datetime.now(UTC)))
    s3: Any = None
    agent: Any = None

    def __post_init__(self) -> None:
        stack, clock = self.stack, self.clock
        self.s3 = self.s3 or stack.s3
        clients: Any = self
        self.log = ScalingLog(lambda: self.s3, stack.bucket, self.who, clock.monotonic, stack.out)
        self.store = TurnedStore(lambda: self.s3, stack.bucket, clock)
        self.lease = LeaderLease(self.who, clock)
        fleets: Any = stack.fleet
        demand = DemandReader(clients, stack.bucket, f"{stack.name}-requests", clock.monotonic)
        self.acts = Acts(self.who, clock, self.lease, fleets, self.log.tell)
        parts = LeaderParts(self.store, self.lease, demand, fleets, self.acts, self.log.tell)
        self.leader = Leader(self.who, clock, parts)
        reader = ConfigurationReader(lambda: self.s3, stack.bucket)
        made = ServiceParts(reader, self.store, self.leader, self.agent, self.log, lambda: None)
        self.service = Service(clock, made)

    @property
    def sqs(self) -> Any:
        return self.stack.sqs

    def turn(self, times: int = 1, seconds: float = 10.0) -> None:
        """Tick, with so many seconds in between."""
        for _ in range(times):
            self.clock.seconds += seconds
            self.service.turn()


@pytest.fixture
def stack(aws: Callable[[str], Any]) -> ScalingStack:
    made = ScalingStack(aws("sqs"), aws("s3"))
    made.configure()
    return made


@pytest.fixture
def scaler(stack: ScalingStack) -> Callable[..., Scaler]:
    """A function that makes a scaler of the stack."""
    return lambda who="i-leader", **more: Scaler(stack, who, **more)
