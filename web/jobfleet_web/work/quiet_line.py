"""Which jobs have lost their requests: sent before, not done, and for a while nothing is in line or in work.

Somebody emptied the queue, or the job lies among the dead letters. Nothing else would tell of it, and the job
would wait for ever.
"""

from datetime import datetime, timedelta

from jobfleet.human_text import instant
from jobfleet.queues.queue_counts import Queue

from jobfleet_web.model import JobView

# SQS's counts lag by up to a minute
# (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html).
LAG = timedelta(minutes=1)

# So long the line has to look empty, from the first look to the last.
QUIET = timedelta(minutes=2)

LOST = (
    "no request of it is in the queue any more, and no worker has one: the queue was emptied, or it lies "
    "among the dead letters (`jobfleet dead list`). Try it again, or send the file again"
)


class QuietLine:
    """Since when every look found the line empty. Times are UTC, of this machine's clock."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._until: datetime | None = None

    def look(self, line: Queue, now: datetime) -> None:
        """Take note of what a look found."""
        if line.untaken or line.in_flight:
            self._since = None
        else:
            self._since, self._until = self._since or now, now

    @property
    def lost_before(self) -> datetime | None:
        """Until when a job was sent that has no request any more, unless it is done; None where none is."""
        if self._since is None or self._until is None or self._until - self._since < QUIET:
            return None
        return self._since - LAG


def is_lost(job: JobView, lost_before: str | None) -> bool:
    """Tell whether a job waits for nothing; `lost_before` is as the fleet's view has it.

    One that a worker began with is not: the worker does it to its end, also without its request.
    """
    before, submitted = instant(lost_before), instant(job.submitted_at)
    if job.status != "waiting" or before is None or submitted is None:
        return False
    # Its id is made when its body begins to come in.
    return submitted + timedelta(seconds=job.times.get("upload", 0.0)) < before
