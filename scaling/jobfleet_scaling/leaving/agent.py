"""What a host does about its own leaving: cordoned, taken by its group, or noticed by EC2."""

from collections.abc import Callable
from datetime import datetime

from jobfleet_jobs.careful_json import read_object

from jobfleet_scaling.aws.errors import AWS_ERRORS, words
from jobfleet_scaling.aws.metadata import Metadata
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_scaling.leaving.hook import DrainHook
from jobfleet_scaling.leaving.worker_switch import DRAIN, WORK, WorkerSwitch

# https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
TARGET_STATE = "autoscaling/target-lifecycle-state"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
SPOT_ACTION = "spot/instance-action"

_BY_GROUP = "its group takes it away"


class Agent:
    """Looks at each tick whether this host is to leave, and has its worker stop or work accordingly."""

    def __init__(
        self,
        host: str,
        metadata: Metadata,
        switch: WorkerSwitch,
        hook: DrainHook,
        tell: Callable[[ScalingLine], None],
    ) -> None:
        self._host, self._metadata, self._switch, self._hook = host, metadata, switch, hook
        self._tell = tell
        self._ordered = ""
        self._taken = ""
        self._said_drained = False
        self._trouble = ""
        self.is_going = False
        """Whether AWS takes this host, and may: the worker has stopped. Such a host decides nothing more."""

    @property
    def is_leaving(self) -> bool:
        """Whether the worker was told to stop."""
        return self._ordered == DRAIN

    def look(self) -> None:
        """Ask whether AWS takes this host; to be called before each `turn`, and before this host leads.

        The group is let go on in `turn`: whoever would lead in between would take the lease along.
        """
        self._taken = self._why_taken()
        self.is_going = bool(self._taken) and self._switch.is_drained()

    def turn(self, state: ScalingState | None, now: datetime) -> None:
        """Do what is due at `now` (UTC). Raises nothing of AWS's.

        Without a `state`, as it could not be read, a worker that drained goes on resting: the leader may be
        about to end its host.
        """
        if why := self._taken or self._why_cordoned(state):
            self._drain(why, now)
        elif state is not None and self._is_kept_from_work():
            self._order(WORK, now)
            self._said_drained = False
        if self._taken == _BY_GROUP:
            self._answer_hook(now)

    def _is_kept_from_work(self) -> bool:
        """Tell whether the worker was drained, by this process or one that cannot take it back any more."""
        return self._ordered == DRAIN or (not self._ordered and self._switch.is_drained())

    def _why_taken(self) -> str:
        """Return why AWS takes this host; for good, also where the metadata service does not answer later."""
        if self._taken == _BY_GROUP or self._metadata.read(TARGET_STATE) == "Terminated":
            return _BY_GROUP
        if self._taken:
            return self._taken
        action = read_object(self._metadata.read(SPOT_ACTION) or "").get("action")
        return f"spot notice of EC2: {action}" if action else ""

    def _why_cordoned(self, state: ScalingState | None) -> str:
        cordon = state.cordoned.get(self._host) if state else None
        return f"cordoned: {cordon.why}" if cordon else ""

    def _drain(self, why: str, now: datetime) -> None:
        if self._ordered != DRAIN:
            self._order(DRAIN, now)
        if self._switch.is_drained() and not self._said_drained:
            self._said_drained = True
            self._tell(ScalingLine(now, self._host, "drained", why=why, host=self._host))

    def _answer_hook(self, now: datetime) -> None:
        try:
            if self.is_going:
                self._hook.go_on()
            else:
                self._hook.keep_waiting()
        except AWS_ERRORS as problem:
            self._complain(f"the group's hook cannot be answered: {words(problem)}", now)

    def _order(self, what: str, now: datetime) -> None:
        try:
            self._switch.order(what)
        except OSError as problem:
            self._complain(f"the worker cannot be told to {what}: {problem}", now)
        else:
            self._ordered = what

    def _complain(self, why: str, now: datetime) -> None:
        if why != self._trouble:
            self._trouble = why
            self._tell(ScalingLine(now, self._host, "refused", why=why, host=self._host))
