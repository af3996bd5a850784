"""The removal of reply queues whose clients were killed.

A client deletes its own queue. One that could not leaves an empty queue behind, which costs nothing
but is in the way. SQS does not say when a queue was last used, so a living client says it in a tag.
"""

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.names import STACK_TAG, StackNames

from jobfleet.settings.state_folder import state_folder

if TYPE_CHECKING:
    from jobfleet.aws.account import Account

# When the owner of a queue was last known to live, in seconds of Unix time.
ALIVE_TAG = "jobfleet:alive"
ALIVE_TOLD_SECONDS = 3_600
# A laptop may sleep for a night and a client of it go on. If it loses its queue all the same, it makes
# another one and reads the answers it missed from the bucket.
STALE_SECONDS = 24 * 3_600

# One machine sweeps a stack at most this often, and looks at so many queues at a time.
SWEEP_EVERY_SECONDS = 3_600
SWEEP_MAX = 20

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def queue_name(names: StackNames, made: float, mark: str) -> str:
    """Return the name of a reply queue: when it was made (Unix time in base 36), and 8 hexadecimal digits."""
    digits, seconds = "", int(made)
    while seconds:
        seconds, digit = divmod(seconds, 36)
        digits = _DIGITS[digit] + digits
    return f"{names.replies_prefix}{digits}-{mark}"


def made_at(names: StackNames, queue: str) -> int | None:
    """Return when a reply queue was made, or None if the name is none that a client gives."""
    found = re.fullmatch(re.escape(names.replies_prefix) + r"([0-9a-z]{6,7})-[0-9a-f]{8}", queue)
    return int(found[1], 36) if found else None


def sweep_if_due(account: "Account", now: float) -> None:
    """Sweep unless this machine did so within the hour. Nothing fails over it."""
    settings = account.settings
    with suppress(BotoCoreError, ClientError, OSError):
        marker = state_folder() / f"swept-{settings.stack}-{settings.region}"
        if marker.exists() and now - marker.stat().st_mtime < SWEEP_EVERY_SECONDS:
            return
        marker.touch()
        sweep(account, now)


def sweep(account: "Account", now: float) -> list[str]:
    """Delete reply queues whose owner sent no heartbeat for `STALE_SECONDS`; return their names."""
    names = account.settings.names
    swept: list[str] = []
    urls = account.sqs.list_queues(QueueNamePrefix=names.replies_prefix).get("QueueUrls", [])
    for url in sorted(urls)[: SWEEP_MAX * 5]:
        name = url.rpartition("/")[2]
        made = made_at(names, name)
        if made is None or now - made < STALE_SECONDS or len(swept) >= SWEEP_MAX:
            continue
        tags = account.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        alive = tags.get(ALIVE_TAG, "")
        ours = tags.get(STACK_TAG) == account.settings.stack
        if ours and now - (int(alive) if alive.isdigit() else made) >= STALE_SECONDS:
            account.sqs.delete_queue(QueueUrl=url)
            swept.append(name)
    return swept
