"""How a stack scales at the moment: what the playbooks set, what the scaler wants, and who is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY, SCALING_STATE_KEY
from jobfleet_scaling.documents.configuration import DamagedConfiguration, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import ScalingState

from jobfleet.aws.bucket import Bucket
from jobfleet.errors import DamagedScaling
from jobfleet.human_text import ago, many, plain
from jobfleet.stack.scaling.log import ScalingLines
from jobfleet.stack.workers import call_workers, listed_state

Phase = Literal["off", "paused", "asleep", "starting", "running"]

# A decision comes with each tick of the leader, and its line within a minute. Without one for so long, nobody
# decides.
SILENT_AFTER = timedelta(minutes=5)

# The lease ends by S3's clock, and this machine's may be wrong: who led a moment ago is taken to lead.
CLOCKS_DIFFER = timedelta(minutes=2)

START = "`ansible-playbook playbooks/start.yml`"
_WHY_MAX = 300


@dataclass(frozen=True)
class ScalingView:
    """What was seen `at` a time (UTC). `alive` workers there are, by their heartbeats.

    `lines` are those of the log since some time before, by time. `configuration` is None where the stack does
    not scale.
    """

    at: datetime
    configuration: ScalingConfiguration | None = None
    state: ScalingState = field(default_factory=ScalingState)
    alive: int = 0
    lines: Sequence[ScalingLine] = ()
    whole: bool = True

    @property
    def decisions(self) -> Sequence[ScalingLine]:
        """The lines that tell of decisions, by time."""
        return [line for line in self.lines if line.event == "decided"]

    @property
    def phase(self) -> Phase:
        """How the fleet is, in a word."""
        if self.configuration is None:
            return "off"
        if self.configuration.paused:
            return "paused"
        if self.alive:
            return "running"
        return "starting" if self.starting else "asleep"

    @property
    def leader(self) -> str:
        """The instance that decides now; empty where none does."""
        return "" if self.state.is_free(self.at - CLOCKS_DIFFER) else self.state.holder

    @property
    def wanted(self) -> int:
        """How many hosts there shall be. With nobody to decide, what was decided last counts no more."""
        woken = 1 if self._woken else 0
        return max(self.state.wanted, woken) if self.leader else woken

    @property
    def leaving(self) -> int:
        """How many hosts finish their work and go."""
        return len(self.state.cordoned) if self.leader else 0

    @property
    def starting(self) -> int:
        """How many hosts are on their way up, as far as the scaler has told."""
        last = self.decisions[-1] if self.decisions else None
        if last is not None and last.booting is not None and self.at - last.at < timedelta(minutes=2):
            return max(last.booting, 1 if self._woken and not self.alive else 0)
        return max(0, self.wanted - max(0, self.alive - self.leaving))

    @property
    def refusal(self) -> ScalingLine | None:
        """The last refusal that nothing has made good since; None if there is none."""
        for line in reversed(self.lines):
            if line.event == "refused":
                return line
            if line.event in ("launched", "alive"):
                return None
        return None

    @property
    def cap(self) -> tuple[int, str]:
        """How many hosts there may be at most now, and why so many."""
        if self.configuration is None:
            return 0, ""
        last = next((line.most for line in reversed(self.decisions) if line.most is not None), None)
        most = self.configuration.maximum
        if last is not None and last < most:
            return last, f"the account's limits leave {last} of the {most} that `scaling` allows"
        return most, "`scaling` in the inventory"

    @property
    def words(self) -> str:
        """The state in a few words, for people."""
        if self.configuration is None:
            return "off"
        if self.phase == "paused":
            return f"paused, as the stack is stopped: start it with {START}"
        if self.phase == "asleep":
            return "asleep, wakes when a job comes"
        told = [f"{self.alive} running", f"{self.wanted} wanted"]
        told += [f"{self.starting} starting"] if self.starting else []
        told += [f"{self.leaving} leaving"] if self.leaving else []
        return ", ".join(told)

    @property
    def warnings(self) -> list[str]:
        """What is wrong, each a sentence with the way out."""
        said = []
        if refusal := self.refusal:
            said.append(
                f"AWS refused to start a host {ago(refusal.at, self.at)}: {plain(refusal.why, _WHY_MAX)}; "
                "the scaler tries again"
            )
        if self.phase == "running" and not self.leader:
            said.append(
                "workers run, and no scaler decides: look at `jobfleet-scaler` on a host with "
                "`journalctl -u jobfleet-scaler`"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """Return it for machines."""
        found = self.configuration
        most, why = self.cap
        return {
            "at": self.at.isoformat(timespec="milliseconds"), "phase": self.phase, "words": self.words,
            "min": found.minimum if found else None, "max": found.maximum if found else None,
            "mode": found.mode if found else None, "boot_seconds": found.tuning.boot if found else None,
            "wanted": self.wanted, "running": self.alive, "booting": self.starting, "leaving": self.leaving,
            "leader": self.leader or None, "cap": most if found else None, "cap_why": why or None,
            "warnings": self.warnings,
        }  # fmt: skip

    @property
    def _woken(self) -> bool:
        """Whether somebody woke the fleet just now, and nothing came of it yet."""
        boot = timedelta(seconds=2 * (self.configuration.tuning.boot if self.configuration else 0))
        return any(line.event == "woke" and self.at - line.at < boot for line in self.lines)


def read_configuration(bucket: Bucket) -> ScalingConfiguration | None:
    """Return how the stack scales; None where it does not.

    Raises `DamagedScaling` if the configuration is damaged, and AWS's errors.
    """
    text = bucket.text(SCALING_CONFIGURATION_KEY)
    try:
        return None if text is None else ScalingConfiguration.read(text)
    except DamagedConfiguration as problem:
        raise DamagedScaling(str(problem)) from problem


def read_state(bucket: Bucket) -> ScalingState:
    """Return what the scalers agreed on last. Raises AWS's errors."""
    return ScalingState.read(bucket.text(SCALING_STATE_KEY) or "")


def count_alive(bucket: Bucket, now: datetime) -> int:
    """Return how many workers are there, by the listing of their heartbeats. Raises AWS's errors."""
    recent, _, _ = call_workers(bucket, now)
    return sum(listed_state(one, now) in ("alive", "paused") for one in recent)


def read_scaling(
    bucket: Bucket, since: timedelta = SILENT_AFTER, now: datetime | None = None
) -> ScalingView:  # fmt: skip
    """Return how the stack scales, with the lines of the log of the time `since`. Raises AWS's errors."""
    now = now or datetime.now(UTC)
    configuration = read_configuration(bucket)
    if configuration is None:
        return ScalingView(now)
    part = ScalingLines(bucket).since(now - since)
    return ScalingView(
        now, configuration, read_state(bucket), count_alive(bucket, now), part.lines, part.whole
    )


def look_at_scaling(bucket: Bucket) -> ScalingView | None:
    """Return how the stack scales; None where it does not, or it may not be read. Raises AWS's errors."""
    try:
        view = read_scaling(bucket)
    except ClientError as problem:
        if error_code(problem) in FORBIDDEN:
            return None
        raise
    return view if view.configuration else None


def why_none_is_alive(view: ScalingView) -> str:
    """Return a sentence on a fleet that scales and has no worker, with the way out."""
    if view.phase == "paused":
        return f"the stack is stopped, and scaling with it: start it with {START}"
    if refusal := view.refusal:
        return (
            f"no worker runs, and AWS refused to start one {ago(refusal.at, view.at)}: "
            f"{plain(refusal.why, _WHY_MAX)}; `jobfleet scaling` shows what the scaler does about it"
        )
    if view.phase == "starting":
        return f"no worker runs yet; {many(view.starting, 'is', 'are')} starting: see `jobfleet scaling`"
    return "no worker runs: the fleet is asleep, and wakes when a job comes"
