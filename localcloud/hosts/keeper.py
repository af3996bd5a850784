"""The life of one host: a thread that owns it, does what EC2 wishes and sees what happens to it.

Everything that touches the host happens in its keeper's thread, one step at a time, so an API
call at a bad moment (a termination in the middle of a boot) has no bad moment to hit.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from localcloud.errors import LocalcloudError
from localcloud.hosts.host import REBOOT_STATUS, Host, Seed, ssh_answers

log = logging.getLogger(__name__)

BOOT_SECONDS = 60.0
# AWS gives a few minutes before it pulls the plug; nobody wants to wait that long on a laptop.
SHUTDOWN_SECONDS = 30.0


class Observer(Protocol):
    """Who is told what becomes of a host, from the keeper's thread."""

    def host_is_running(self) -> None:
        """Hear that its SSH answers."""

    def host_is_off(self, *, from_inside: bool) -> None:
        """Hear that it shut down, `from_inside` if no API call asked for that. The disk is kept."""

    def host_is_gone(self, failure: str | None) -> None:
        """Hear that it was destroyed with its disk; `failure` says why if nobody wished it."""


class _Phase(Enum):
    OFF = auto()
    BOOTING = auto()
    RUNNING = auto()
    STOPPING = auto()
    REBOOTING = auto()
    GONE = auto()


# Seconds between two looks at the host; None waits for the next wish.
_PAUSES = {
    _Phase.OFF: None,
    _Phase.BOOTING: 0.1,
    _Phase.RUNNING: 0.5,
    _Phase.STOPPING: 0.05,
    _Phase.REBOOTING: 0.05,
}


@dataclass(frozen=True)
class Capture:
    """The wish that an image be made of the host's disk."""

    image: str
    reboot: bool
    """Whether a host that runs is shut down in order before, and booted again after it."""
    done: Callable[[str | None], None]
    """Hears of the outcome, once, from any thread: why there is no image, None if there is one."""


class _Wish(Enum):
    STOP = auto()
    REBOOT = auto()
    DESTROY = auto()


class Keeper:
    """Keeps one host. All methods return at once; the observer hears of the outcome."""

    def __init__(self, host: Host, seed: Seed, observer: Observer) -> None:
        """Take over `host`, which was not made yet; `start` makes and boots it."""
        self._host = host
        self._seed: Seed | None = seed
        self._observer = observer
        # A text is the address to boot on.
        self._wishes: queue.SimpleQueue[_Wish | Capture | str] = queue.SimpleQueue()
        # What waits until the host is off.
        self._captures: list[Capture] = []
        self._phase = _Phase.OFF
        self._address = ""
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._keep, name=host.name, daemon=True)
        self._thread.start()

    def start(self, address: str) -> None:
        """Boot the host on `address`."""
        self._wishes.put(address)

    def stop(self) -> None:
        """Shut the host down and keep its disk."""
        self._wishes.put(_Wish.STOP)

    def reboot(self) -> None:
        """Shut the host down and boot it again on the same address."""
        self._wishes.put(_Wish.REBOOT)

    def capture(self, wish: Capture) -> None:
        """Make an image of the host's disk; the host stays on or off."""
        self._wishes.put(wish)
        if self._phase is _Phase.GONE:
            # Its thread may have ended without seeing the wish.
            self._refuse_captures([])

    def destroy(self) -> None:
        """Kill the host and remove its disk."""
        self._wishes.put(_Wish.DESTROY)

    def join(self, seconds: float) -> bool:
        """Wait until the host is gone; tell whether it is."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _keep(self) -> None:
        while self._phase is not _Phase.GONE:
            try:
                self._turn(_PAUSES[self._phase])
            except (LocalcloudError, OSError) as problem:
                log.exception("%s failed", self._host.name)
                self._destroy(str(problem))
        self._refuse_captures(self._captures)

    def _turn(self, pause: float | None) -> None:
        """Obey one wish, or look after the host once if none comes within `pause` seconds."""
        try:
            wish = self._wishes.get(timeout=pause)
        except queue.Empty:
            self._look()
        else:
            self._obey(wish)

    def _obey(self, wish: _Wish | Capture | str) -> None:
        match wish:
            case str(address):
                self._address = address
                self._boot(_Phase.BOOTING)
            case _Wish.STOP if self._is_on():
                self._host.power_off()
                self._enter(_Phase.STOPPING, SHUTDOWN_SECONDS)
            case _Wish.STOP if self._phase is _Phase.REBOOTING:
                # It shuts down already, and is not booted again.
                self._phase = _Phase.STOPPING
            case _Wish.REBOOT if self._is_on():
                self._reboot()
            case _Wish.DESTROY:
                self._destroy(None)
            case Capture():
                self._begin(wish)

    def _reboot(self) -> None:
        self._host.reboot()
        self._enter(_Phase.REBOOTING, SHUTDOWN_SECONDS)

    def _begin(self, wish: Capture) -> None:
        if self._phase is _Phase.OFF:
            self._take(wish, self._host.freeze)
        elif wish.reboot or self._phase is _Phase.STOPPING:
            self._captures.append(wish)
            if self._is_on():
                self._reboot()
        else:
            self._take(wish, self._host.copy)

    def _take(self, wish: Capture, make: Callable[[str], None]) -> None:
        """Make an image; the host lives on if that fails."""
        failure = None
        try:
            make(wish.image)
        except (LocalcloudError, OSError) as problem:
            log.exception("%s: no image %s", self._host.name, wish.image)
            failure = str(problem)
        wish.done(failure)

    def _refuse_captures(self, waiting: list[Capture]) -> None:
        """Say of these images, and of those still to be heard of, that there will be none."""
        wishes: list[_Wish | Capture | str] = [*waiting]
        with suppress(queue.Empty):
            while True:
                wishes.append(self._wishes.get_nowait())
        for wish in (one for one in wishes if isinstance(one, Capture)):
            wish.done("the instance was terminated before the image was made")

    def _turn_off(self) -> None:
        self._host.turn_off()
        waiting, self._captures = self._captures, []
        for wish in waiting:
            self._take(wish, self._host.freeze)

    def _is_on(self) -> bool:
        # It may have shut itself down between the API call and now.
        return self._phase in (_Phase.BOOTING, _Phase.RUNNING)

    def _enter(self, phase: _Phase, seconds: float) -> None:
        self._phase = phase
        self._deadline = time.monotonic() + seconds

    def _look(self) -> None:
        status = self._host.exit_status()
        late = time.monotonic() > self._deadline
        match self._phase:
            case _Phase.BOOTING:
                self._look_at_boot(status, late=late)
            case _Phase.RUNNING if status is not None:
                self._ended(status, from_inside=True)
            case _Phase.STOPPING if status is not None or late:
                self._off(from_inside=False)
            case _Phase.REBOOTING if status is not None or late:
                self._turn_off()
                self._boot(_Phase.RUNNING)

    def _look_at_boot(self, status: int | None, *, late: bool) -> None:
        if status in (0, REBOOT_STATUS):
            self._ended(status, from_inside=True)
        elif status is not None:
            self._destroy(f"the host ended with status {status} before its SSH answered; see its console")
        elif ssh_answers(self._address):
            self._phase = _Phase.RUNNING
            self._observer.host_is_running()
        elif late:
            self._destroy(f"the host's SSH did not answer within {BOOT_SECONDS:.0f} s; see its console")

    def _ended(self, status: int | None, *, from_inside: bool) -> None:
        if status == REBOOT_STATUS:
            # `reboot` in the host: on AWS the instance stays in its state, and so here.
            self._turn_off()
            self._boot(self._phase)
        else:
            self._off(from_inside=from_inside)

    def _boot(self, phase: _Phase) -> None:
        if self._seed is not None:
            self._host.create(self._seed)
            self._seed = None
        self._host.start(self._address)
        self._enter(phase, BOOT_SECONDS)

    def _off(self, *, from_inside: bool) -> None:
        self._turn_off()
        self._phase = _Phase.OFF
        self._observer.host_is_off(from_inside=from_inside)

    def _destroy(self, failure: str | None) -> None:
        self._phase = _Phase.GONE
        try:
            self._host.destroy()
        except (LocalcloudError, OSError) as problem:
            log.exception("%s could not be removed", self._host.name)
            failure = failure or str(problem)
        self._observer.host_is_gone(failure)
