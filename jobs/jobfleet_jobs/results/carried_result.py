"""A result that its job's output carries, as metadata of the object: one call stores both.

So a job can be answered as soon as its output is stored, and its result may go to where everyone finds it
together with others. If the worker is killed in between, the message comes back, and whoever gets it finds
the result at the output. That is for outputs whose key holds the job's id, as clients name them: another job
might overwrite any other.
"""

from collections.abc import Mapping
from dataclasses import replace

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Output, Result

_NAME = "jobfleet-result"

# S3 takes 2 KB of names and values: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
CARRIED_MAX_BYTES = 1_900


def carried(result: Result) -> dict[str, str]:
    """Return the metadata that carries a result, without its output; nothing if it is too long for that."""
    # Of several spaces in a header, signatures have one.
    text = replace(result, output=None).to_json().replace(" ", r"\u0020")
    return {_NAME: text} if len(text) <= CARRIED_MAX_BYTES else {}


def read_carried(metadata: Mapping[str, str], job_id: str, output: Output) -> Result | None:
    """Return the result of that job which an output carries, or None if it is another's or carries none."""
    try:
        result = Result.from_json(metadata.get(_NAME, ""))
    except BadJob:
        return None
    return replace(result, output=output) if result.id == job_id else None
