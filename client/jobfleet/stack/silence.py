"""A sentence on why no answer comes: whether anybody is there, and may do anything."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from jobfleet_jobs.durations import duration

from jobfleet.aws import identity
from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.identity import Identity
from jobfleet.errors import FleetError
from jobfleet.human_text import ago, many
from jobfleet.queues import queue_counts
from jobfleet.stack import workers
from jobfleet.stack.scaling import view as scaling
from jobfleet.stack.workers import LAB_SESSION, Worker, Workforce

RENEW = "`ansible-playbook playbooks/credentials.yml`"

# Clocks of two machines differ, and a playbook takes a while from reading a file to writing it on a host.
SLACK = timedelta(minutes=1)


def of_silence(account: Account) -> str:
    """Return a sentence on whether anybody is there who could have answered."""
    try:
        with account.in_words():
            found = workers.read_workers(Bucket(account))
            if not found.count("alive") and (asleep := of_sleep(Bucket(account))):
                return asleep
            doubts = credential_doubts(found.workers, identity.find_identity(account), datetime.now(UTC))
    except FleetError:
        return "`jobfleet doctor` tests every link to a worker"
    alive = found.count("alive")
    if not alive:
        return why_nobody_answers(found, doubts)
    verb = "is" if alive == 1 else "are"
    if doubts:
        verb = "was" if alive == 1 else "were"
        return f"{many(alive, 'worker')} {verb} alive a moment ago, but {doubts}"
    there = f"{many(alive, 'worker')} {verb} alive"
    try:
        with account.in_words():
            [line] = queue_counts.count_queues(account, [queue_counts.REQUESTS])
    except FleetError:
        return f"{there} and may be busy: `jobfleet status` shows what is waiting"
    if not line.untaken and not line.in_flight:
        # SQS's counts lag by up to a minute.
        return (
            f"{there}, and nothing waits or is in work. If the job was sent more than a minute ago, its "
            "request is gone: the queue was emptied, or it lies among the dead letters "
            "(`jobfleet dead list`). Send it again"
        )
    return (
        f"{there} and may be busy: {many(line.untaken, 'waiting job')}, {line.in_flight:,} with the workers "
        "(`jobfleet status`)"
    )


def of_sleep(bucket: Bucket) -> str:
    """Return a sentence on a fleet that scales and has no worker; an empty text where it does not scale.

    Raises AWS's errors.
    """
    view = scaling.look_at_scaling(bucket)
    return scaling.why_none_is_alive(view) if view else ""


def why_nobody_answers(found: Workforce, doubts: str | None) -> str:
    """Return a sentence on what `read_workers` returned where none is alive, with the way out."""
    why = workers.why_none_is_alive(found)
    return f"{why}. Besides, {doubts}" if doubts and "paused" not in why else why


def credential_doubts(found: Sequence[Worker], mine: Identity, now: datetime) -> str | None:
    """Return why the workers' credentials may be over, with the way out; None if nothing speaks for it.

    `found` are the workers that are there or should be, `mine` are the credentials of this client.
    """
    for worker in found:
        if worker.state != "stopped" and (why := credential_doubt(worker, mine, now)):
            return why
    return None


def credential_doubt(worker: Worker, mine: Identity, now: datetime) -> str | None:
    """Return why one worker's credentials may be over, with the way out, or None."""
    age = worker.credentials_age
    if worker.state == "paused":
        if worker.paused != "credentials":
            return None
        return f"AWS refuses the credentials of worker {worker.id}: run {RENEW} with credentials that hold"
    if age is None:
        return None
    old = f"the credentials of worker {worker.id} are {_words(age)} old"
    if worker.state == "late" and age > LAB_SESSION:
        return f"{old} and may be over (a Learner Lab's last 4 h): run {RENEW} with new ones"
    if mine.temporary and mine.written and now - age + SLACK < mine.written:
        return (
            f"{old}, and yours were written {ago(mine.written, now)}: if your earlier ones are over, the "
            f"worker's are over too, and it cannot say so: run {RENEW}"
        )
    return None


def _words(age: timedelta) -> str:
    return duration(age.total_seconds() // 60 * 60)
