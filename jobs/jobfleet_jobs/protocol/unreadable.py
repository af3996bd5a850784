"""What can be said of a message that is no valid request."""

from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.ids import is_job_id
from jobfleet_jobs.protocol.message import json_object


def read_what_can_be_read(body: str) -> tuple[str, str, str | None]:
    """Return id, operation and `reply_to` of a message that is no valid request, so that it can be answered.

    What is missing or unusable is an empty text, and None for `reply_to`.
    """
    try:
        message = json_object(body)
    except BadJob:
        return "", "", None
    job_id, operation, reply_to = (message.get(name) for name in ("id", "operation", "reply_to"))
    return (
        job_id if isinstance(job_id, str) and is_job_id(job_id) else "",
        cut(operation) if isinstance(operation, str) else "",
        reply_to if isinstance(reply_to, str) else None,
    )
