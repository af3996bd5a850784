"""The composition root: every object of a scaler is made here, and handed those it works with."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from jobfleet_scaling.aws.clients import AwsClients
from jobfleet_scaling.aws.metadata import Metadata
from jobfleet_scaling.clock import HostClock, ScalerClock
from jobfleet_scaling.demand.reader import DemandReader
from jobfleet_scaling.fleet.fleets import Fleets
from jobfleet_scaling.fleet.groups import GroupsFleet
from jobfleet_scaling.fleet.hosts import Instances
from jobfleet_scaling.fleet.plain import PlainFleet
from jobfleet_scaling.leaving.agent import Agent
from jobfleet_scaling.leaving.hook import DrainHook
from jobfleet_scaling.leaving.worker_switch import ANSWERS, WorkerSwitch, orders_folder
from jobfleet_scaling.service.carrying_out import Acts
from jobfleet_scaling.service.configuration_reader import ConfigurationReader
from jobfleet_scaling.service.leader import Leader, LeaderParts
from jobfleet_scaling.service.lease import LeaderLease, StateStore
from jobfleet_scaling.service.scaling_log import ScalingLog
from jobfleet_scaling.service.service import Service, ServiceParts
from jobfleet_scaling.settings import ScalerSettings


@dataclass(frozen=True)
class ScalerSurroundings:
    """What a scaler meets outside of itself and AWS; tests hand it other things. Lines go to `out`."""

    clock: ScalerClock = field(default_factory=HostClock)
    metadata: Metadata = field(default_factory=Metadata)
    orders: Path = field(default_factory=orders_folder)
    answers: Path = ANSWERS
    out: TextIO = field(default_factory=lambda: sys.stdout)


def build(
    settings: ScalerSettings, who: str, clients: AwsClients, surroundings: ScalerSurroundings | None = None
) -> Service:
    """Put a scaler together that calls itself `who`, the id of its instance."""
    around = surroundings or ScalerSurroundings()
    clock, bucket, stack = around.clock, settings.bucket, settings.stack
    log = ScalingLog(lambda: clients.s3, bucket, who, clock.monotonic, around.out)
    store, lease = StateStore(lambda: clients.s3, bucket, clock), LeaderLease(who, clock)
    instances = Instances(lambda: clients.ec2, stack)
    fleets = Fleets(
        GroupsFleet(lambda: clients.autoscaling, instances),
        PlainFleet(lambda: clients.ec2, instances, stack, clock.monotonic),
        instances,
        clock.monotonic,
    )
    demand = DemandReader(clients, bucket, settings.request_queue, clock.monotonic)
    acts = Acts(who, clock, lease, fleets, log.tell)
    leader = Leader(who, clock, LeaderParts(store, lease, demand, fleets, acts, log.tell))
    agent = None
    if settings.worker:
        hook = DrainHook(lambda: clients.autoscaling, who, clock.monotonic)
        agent = Agent(who, around.metadata, WorkerSwitch(around.orders, around.answers), hook, log.tell)
    reader = ConfigurationReader(lambda: clients.s3, bucket)
    return Service(clock, ServiceParts(reader, store, leader, agent, log, clients.forget))
