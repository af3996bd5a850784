"""A stack as it is at the moment: queues, workers, credentials, and what is wrong with them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from jobfleet_jobs.durations import duration

from jobfleet.aws import identity
from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.identity import Identity
from jobfleet.aws.stack_description import Published, WebAddress, read_description
from jobfleet.errors import FleetError, NoCredentials, Unreachable
from jobfleet.human_text import ago, many
from jobfleet.queues import queue_counts as queues
from jobfleet.queues.queue_counts import DEAD_LETTERS, REQUESTS, Kind, Queue
from jobfleet.stack import workers
from jobfleet.stack.page.balancer import BalancerView, look_at_balancer
from jobfleet.stack.queue_ages import Age, QueueAges
from jobfleet.stack.scaling.view import ScalingView, look_at_scaling, why_none_is_alive
from jobfleet.stack.silence import RENEW, credential_doubt
from jobfleet.stack.workers import DEPLOY, LAB_SESSION, LAB_SESSION_ENDS_SOON, Worker, Workforce

T = TypeVar("T")

# So many workers in the same state are warned of by name.
NAMED_MAX = 10


@dataclass(frozen=True)
class StackStatus:
    """What was seen at a time.

    `ages` lacks the queues that are empty or whose age is not known: nothing but CloudWatch tells it, and
    a receive to find out would take messages out of others' hands.
    """

    at: datetime
    identity: Identity
    bucket: str
    queues: Sequence[Queue]
    ages: dict[Kind, Age]
    workforce: Workforce
    unknown: Sequence[str]
    web: Sequence[WebAddress] = ()
    """Where the page is; empty where there is none."""
    scaling: ScalingView | None = None
    """How the stack scales; None where it does not."""
    balancer: BalancerView | None = None
    """What is before the web hosts; None where they are reached by themselves."""

    @property
    def workers(self) -> Sequence[Worker]:
        """Those heard of within a day, the living first."""
        return self.workforce.workers

    @property
    def warnings(self) -> list[str]:
        """What is wrong, each a sentence with the way out."""
        scaling = self.scaling.warnings if self.scaling else []
        balancer = self.balancer.warnings if self.balancer else []
        dead = _warn_of_dead_letters(self.queues)
        return [*self.unknown, *_warn_of_workers(self), *scaling, *balancer, *dead]


def read_status(account: Account, ages: QueueAges) -> StackStatus:
    """Look at everything at the same time. Raises AWS's errors where queues or credentials fail.

    Who looks again and again gives the same `ages`, as each question to CloudWatch costs money.
    """
    bucket = Bucket(account)
    unknown: list[str] = []
    _ = account.sqs, account.s3, account.sts, account.cloudwatch  # made by one thread, used by others
    with ThreadPoolExecutor(7) as threads:
        counted = threads.submit(queues.count_queues, account)
        whose = threads.submit(identity.find_identity, account)
        aged = threads.submit(lambda: ages.of(_that_hold_any(counted.result())))
        living = threads.submit(
            _or_say, account, unknown, "the workers", lambda: workers.read_workers(bucket), Workforce()
        )
        told = threads.submit(
            _or_say, account, unknown, "the page's address",
            lambda: read_description(account, account.bucket), None,
        )  # fmt: skip
        before = threads.submit(
            _or_say, account, unknown, "the balancer", lambda: _balancer(account, told.result()), None
        )
        scales = threads.submit(
            _or_say, account, unknown, "the scaling", lambda: look_at_scaling(bucket), None
        )
    found, signs, description = (whose.result(), counted.result()), living.result(), told.result()
    balancer, web = before.result(), description.web if description else ()
    return StackStatus(
        datetime.now(UTC), found[0], bucket.name, found[1], aged.result(), signs, tuple(unknown), web,
        scales.result(), balancer,
    )  # fmt: skip


def _balancer(account: Account, description: Published | None) -> BalancerView | None:
    """Look at the balancer; where the stack tells of none, AWS is not asked."""
    name = description.balancer if description else ""
    return look_at_balancer(account, name) if name else None


def _that_hold_any(counted: Sequence[Queue]) -> list[Kind]:
    return [queue.kind for queue in counted if queue.untaken + queue.in_flight]


def _or_say(account: Account, unknown: list[str], what: str, call: Callable[[], T], otherwise: T) -> T:
    try:
        with account.in_words():
            return call()
    except (NoCredentials, Unreachable):
        raise
    except FleetError as problem:
        unknown.append(f"{what} cannot be read: {problem}")
        return otherwise


def _warn_of_workers(seen: StackStatus) -> list[str]:
    if any(words.startswith("the workers") for words in seen.unknown):
        return []
    said = []
    waiting = next((queue.untaken for queue in seen.queues if queue.kind == REQUESTS), 0)
    alive = [worker for worker in seen.workers if worker.state == "alive"]
    if not alive and seen.scaling:
        said += _warn_of_sleep(seen.scaling, waiting)
    elif not alive:
        line = f"; {many(waiting, 'request waits', 'requests wait')}" if waiting else ""
        if seen.workers or seen.workforce.older:
            said.append(
                f"no worker is alive{line}: start the instances (a Learner Lab stops them with its session), "
                f"or run {DEPLOY}"
            )
        else:
            said.append(f"no heartbeat of any worker is there{line}: run {DEPLOY}")
    versions = sorted({worker.version for worker in alive if worker.version})
    if len(versions) > 1:
        said.append(f"the workers run different versions ({', '.join(versions)}): run {DEPLOY}")
    if not seen.workforce.whole:
        said.append(
            f"there are more workers than the {len(seen.workers):,} that were looked at: let the heartbeats "
            "of those that are gone expire earlier, with bucket_workers_days in the inventory"
        )
    return said + list(_warn_of_each(seen))


def _warn_of_sleep(scaling: ScalingView, waiting: int) -> list[str]:
    """Warn of a fleet without a worker only where jobs wait: that it sleeps otherwise is as it should be."""
    if not waiting or scaling.phase == "starting" or scaling.refusal:  # which is warned of anyway
        return []
    return [f"{many(waiting, 'request waits', 'requests wait')}: {why_none_is_alive(scaling)}"]


def _warn_of_each(seen: StackStatus) -> Iterator[str]:
    """Warn of the first workers of each state by name, and of the others by their number."""
    for state in workers.STATES:
        if state == "late" and seen.scaling:  # what was ended by the scaler or by AWS is not missed
            continue
        these = [one for one in seen.workers if one.state == state]
        said = [words for one in these if (words := _warn_of(one, seen.identity, seen.at))]
        yield from said[:NAMED_MAX]
        if len(said) > NAMED_MAX:
            yield f"the same is true for {many(len(said) - NAMED_MAX, 'more worker')} ({state})"


def _warn_of(worker: Worker, mine: Identity, now: datetime) -> str | None:
    age, name = worker.credentials_age, f"worker {worker.id}"
    if worker.state == "paused":
        if not worker.read:
            return f"{name} is paused"
        if worker.paused == "credentials":
            return f"{name} is paused: AWS refuses its credentials: run {RENEW} with new ones"
        return f"{name} is paused: AWS has a problem ({worker.paused}); it continues by itself"
    if worker.state == "late":
        # A worker whose credentials are refused cannot say so: its sign needs them too.
        why = credential_doubt(worker, mine, now)
        return f"{name} sent its last heartbeat {ago(worker.at, now)}: " + (
            f"check that its instance runs; {why}" if why else f"check that its instance runs; run {DEPLOY}"
        )
    if worker.state == "alive" and age and LAB_SESSION_ENDS_SOON < age < LAB_SESSION:
        left = duration((LAB_SESSION - age).total_seconds() // 60 * 60)
        return (
            f"the credentials of {name} are {duration(age.total_seconds())} old; if they are a Learner "
            f"Lab's, they expire within {left}: start the lab again and run {DEPLOY}"
        )
    return None


def _warn_of_dead_letters(counted: Sequence[Queue]) -> list[str]:
    dead = next((queue.untaken + queue.in_flight for queue in counted if queue.kind == DEAD_LETTERS), 0)
    if not dead:
        return []
    verb = "lies" if dead == 1 else "lie"
    return [f"{many(dead, 'dead letter')} {verb} there: see why with `jobfleet dead list`"]
