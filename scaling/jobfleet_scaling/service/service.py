"""The loop of a scaler: a tick every few seconds, whatever AWS says, until it is stopped."""

import random
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobfleet_jobs.systemd import notify

from jobfleet_scaling.aws.errors import AWS_ERRORS, credentials_are_over, words
from jobfleet_scaling.clock import ScalerClock
from jobfleet_scaling.documents.configuration import DamagedConfiguration
from jobfleet_scaling.documents.state import TICK_SECONDS, ScalingState
from jobfleet_scaling.leaving.agent import Agent
from jobfleet_scaling.service.configuration_reader import ConfigurationReader
from jobfleet_scaling.service.leader import Leader
from jobfleet_scaling.service.lease import Overtaken, StateRead, StateStore
from jobfleet_scaling.service.scaling_log import ScalingLog

# Ticks of many hosts do not fall together.
TICK_JITTER = 0.2

# A role may be given to an instance, or keys to a file, at any time: they are looked for again so often.
CREDENTIALS_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class ServiceParts:
    """What the loop goes through (`jobfleet_scaling.wiring` puts it together); no agent without a worker."""

    configuration: ConfigurationReader
    store: StateStore
    leader: Leader
    agent: Agent | None
    log: ScalingLog
    forget_clients: Callable[[], None]


class Service:
    """Ticks until `stop` is set."""

    def __init__(self, clock: ScalerClock, parts: ServiceParts) -> None:
        self._clock, self._parts = clock, parts
        self.stop = threading.Event()
        self._read: StateRead | None = None
        self._read_at = 0.0
        self._trouble = ""
        self._forget_due = float("-inf")

    def run(self) -> None:
        """Tick until stopped; then let others have the lease, and upload the log."""
        while not self.stop.is_set():
            self.turn()
            notify("WATCHDOG=1")
            self.stop.wait(TICK_SECONDS * random.uniform(1 - TICK_JITTER, 1 + TICK_JITTER))  # noqa: S311
        notify("STOPPING=1")
        self.end()

    def turn(self) -> None:
        """Do one tick. What fails is said, and the next tick tries again."""
        if self._parts.agent:
            self._parts.agent.look()
        state: ScalingState | None = self._read.state if self._read else None
        try:
            state = self._lead_or_follow()
            self._trouble = ""
        except Overtaken:
            self._read = None
        except DamagedConfiguration as problem:
            self._failed(str(problem))
        except AWS_ERRORS as problem:
            self._failed(words(problem))
            self._look_for_credentials(problem)
        except Exception as problem:  # noqa: BLE001 - whatever it is, this host must be able to leave
            at = traceback.extract_tb(problem.__traceback__)[-1]
            self._failed(f"{words(problem)} ({at.filename}, line {at.lineno}): please report it")
        if self._parts.agent:
            self._parts.agent.turn(state, self._now())
        with suppress(*AWS_ERRORS):
            self._parts.log.upload(now=self._parts.agent is not None and self._parts.agent.is_leaving)

    def end(self) -> None:
        """Give the lease free, and upload what is left of the log. Raises nothing of AWS's."""
        with suppress(Overtaken, *AWS_ERRORS):
            if self._read:
                self._parts.leader.release(self._read)
        with suppress(*AWS_ERRORS):
            self._parts.log.upload(now=True)

    def _lead_or_follow(self) -> ScalingState:
        configuration = self._parts.configuration.read()
        if configuration is None:
            notify("STATUS=this stack does not scale")
            self._read = None
            return ScalingState()
        self._read, self._read_at = self._parts.store.read(), self._clock.monotonic()
        if self._parts.agent and self._parts.agent.is_going:
            # Else it would be gone with the lease, and the next host wait for the lease's end.
            self._read = self._parts.leader.release(self._read)
            notify("STATUS=AWS takes this host")
            return self._read.state
        if configuration.paused:
            notify("STATUS=the stack is stopped")
            return self._read.state
        self._read = self._parts.leader.tick(configuration, self._read)
        state = self._read.state
        notify(f"STATUS={state.wanted} hosts are wanted; {state.holder} decides")
        return state

    def _now(self) -> datetime:
        """Return the time by S3's clock, as the last read told it; by this host's before there was one."""
        if self._read is None:
            return self._clock.now()
        return self._read.now + timedelta(seconds=self._clock.monotonic() - self._read_at)

    def _failed(self, why: str) -> None:
        if why != self._trouble:
            self._trouble = why
            self._parts.log.say("waiting", self._clock.now(), why=why)
            notify(f"STATUS=waiting: {why}")

    def _look_for_credentials(self, problem: BaseException) -> None:
        now = self._clock.monotonic()
        if credentials_are_over(problem) and now >= self._forget_due:
            self._forget_due = now + CREDENTIALS_AGAIN_SECONDS
            self._parts.forget_clients()
