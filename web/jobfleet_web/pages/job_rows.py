"""The rows of a batch's table, for browsers that run no JavaScript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobfleet.human_text import plain

from jobfleet_web.model import BatchView, JobView

# The states as the page calls them, here and in its modules.
STATES = {"waiting": "Waiting", "working": "Working", "succeeded": "Done", "failed": "Failed"}

# So much of a text, and so many facts of a result, are shown in a row. The rest is behind its link.
_TEXT_CHARACTERS = 300
_FACTS = 6
_LABELS = 3


@dataclass(frozen=True)
class Row:
    """One job of the table, by its latest try; `tries` are how many it had."""

    job: JobView
    state: str
    seconds: float | None
    words: str
    links: Mapping[str, str]
    tries: int = 1


def rows_of(batch: BatchView) -> list[Row]:
    """Return the rows of a page of a batch."""
    return [_row(job, batch.tries.get(job.id, 1)) for job in batch.jobs]


def is_under_way(batch: BatchView) -> bool:
    """Tell whether something may still change."""
    return any(not job.is_done for job in batch.jobs)


def summary(batch: BatchView) -> str:
    """Return how the batch stands, in a sentence."""
    counts = batch.counts
    done, failed = counts.get("succeeded", 0), counts.get("failed", 0)
    whole = sum(counts.get(state, 0) for state in STATES)
    return f"{done + failed:,} of {whole:,} done" + (f", {failed:,} failed" if failed else "")


def _row(job: JobView, tries: int) -> Row:
    links = job.to_json()["links"]
    seconds = sum(job.times.values()) if job.is_done and job.times else None
    return Row(job, STATES[job.status], seconds, _words(job), links, tries)


def _words(job: JobView) -> str:
    """Return what a person wants to know of a job at first sight."""
    if job.failure:
        return " ".join(part for part in (job.failure.message, job.failure.mend) if part)
    if job.is_lost:
        return job.notes[-1]
    result = job.result or {}
    if isinstance(result.get("labels"), list):
        return "; ".join(_label(one) for one in result["labels"][:_LABELS])
    if isinstance(result.get("text"), str):
        return plain(result["text"].strip(), _TEXT_CHARACTERS)
    return "; ".join(f"{name}: {value}" for name, value in _facts(result))


def _label(one: Any) -> str:
    if not isinstance(one, Mapping):
        return plain(str(one), 80)
    score = one.get("score")
    scored = f" {score:.0%}" if isinstance(score, int | float) else ""
    return f"{plain(str(one.get('label', '')), 80)}{scored}"


def _facts(result: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    plain_ones = [
        (name, plain(str(value), 80))
        for name, value in result.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    return plain_ones[:_FACTS]
