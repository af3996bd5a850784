"""All objects of the process, made once and handed to those that work with them."""

from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from jobfleet_web.app import AppParts, create_app
from jobfleet_web.door.checks import HostNames, check_encoding, check_origin
from jobfleet_web.door.door import Check, Door, Hall
from jobfleet_web.door.log import WebLog
from jobfleet_web.door.stop import Stop
from jobfleet_web.door.token import BALANCED_OPEN_PATHS, OPEN_PATHS, Token
from jobfleet_web.door.waiting_room import WaitingRoom
from jobfleet_web.instance.cpu_pool import CpuPool
from jobfleet_web.settings import MIB, WebSettings
from jobfleet_web.uploads.limits import UploadLimits
from jobfleet_web.work.work import Work

# What is left of `stop_timeout` for the last answers to go out.
_LAST_SECONDS = 3.0


# How much of a refused body is read away, besides twice what is taken of one.
_AWAY_BYTES = 64 * MIB


@dataclass(frozen=True)
class Web:
    """The application behind its door, and what ends it."""

    app: ASGIApp
    hall: Hall
    work: Work
    patience_seconds: float

    def ask_to_stop(self) -> None:
        """End streams of events, and let those who wait for an answer do so for a last while."""
        self.hall.stop.ask(self.patience_seconds)
        self.work.end_streams()


def build(settings: WebSettings, log: WebLog | None = None, limits: UploadLimits | None = None) -> Web:
    """Make everything for one stack. Raises `BadSettings`.

    `limits` are for tests, which have no time for slow senders.
    """
    stop = Stop()
    away_bytes = _AWAY_BYTES + 2 * settings.max_input_bytes
    work = Work(settings)
    waiting = WaitingRoom(settings.waiting_max)
    work.metrics.held.set_function(lambda: waiting.held)
    hall = Hall(waiting, log or WebLog(), stop, away_bytes, work.metrics.problem)
    cpu = CpuPool(settings.waiting_max, work.metrics.cpu_work)
    work.metrics.computing.set_function(lambda: cpu.held)
    parts = AppParts(settings, work, limits or UploadLimits(settings.max_input_bytes), stop, cpu)
    door = Door(create_app(parts), checks_of(settings), hall, settings.prefixes)
    return Web(door, hall, work, max(0.0, settings.stop_timeout - _LAST_SECONDS))


def checks_of(settings: WebSettings) -> list[Check]:
    """Return what every request is checked for, in this order. Raises `BadSettings`."""
    checks: list[Check] = [HostNames(settings.host_names).check]
    if settings.token_file:
        open_paths = BALANCED_OPEN_PATHS if settings.balanced else OPEN_PATHS
        checks.append(Token(Path(settings.token_file), open_paths).check)
    return [*checks, check_origin, check_encoding]
