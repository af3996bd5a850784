"""Jobs that this process knows nothing of, as the bucket tells them."""

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.protocol.ids import is_job_id
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import UPLOADS

from jobfleet_web.problems import Problem
from jobfleet_web.work.gateway import Gateway
from jobfleet_web.work.jobs.job_facts import JobFacts, read_metadata


def checked_job_id(job_id: str) -> str:
    """Return a job's id. Raises `Problem` for what is none."""
    if not is_job_id(job_id):
        raise no_such_job(job_id)
    return job_id


def no_such_job(job_id: str) -> Problem:
    """Return the answer to who asks for a job that there is not."""
    return Problem(
        404, "no-such-job", f"there is no job {shown(job_id)}, or it is gone: inputs and results expire",
        mend="look for it in the batch that it was sent in, or send the file again",
    )  # fmt: skip


class JobsInBucket:
    """Reads what was sent, and what is stored of it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def facts(self, job_id: str) -> JobFacts | None:
        """Return a job as its input in the bucket tells it; None where there is none. Raises `Problem`."""
        return await self._gateway.read(self._facts, job_id)

    async def stored(self, job_id: str) -> Result | None:
        """Return what is stored of a job, also if it is failing. Raises `Problem`."""
        return await self._gateway.read(self._gateway.fleet.exchange.look, job_id)

    def _facts(self, job_id: str) -> JobFacts | None:
        listing = self._gateway.bucket.list(f"{UPLOADS}{job_id}/", pages=1)
        if not listing.items:
            return None
        item = listing.items[0]
        account = self._gateway.account
        head = account.s3.head_object(Bucket=account.bucket, Key=item.key)
        return read_metadata(job_id, item.key, item.size, head.get("Metadata", {}))
