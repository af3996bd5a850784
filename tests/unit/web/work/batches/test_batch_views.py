"""The tries of a job are told together, whatever the entries of a batch say."""

from jobfleet_jobs.protocol.ids import derived_job_id
from jobfleet_web.model import JobView
from jobfleet_web.work.batches.batch_views import tries_of

# Ids of jobs in the order in which they were made.
A, B, C, D = (derived_job_id(second, bytes(10)) for second in range(4))


def job(job_id: str, retry_of: str | None = None) -> JobView:
    """Return a job."""
    return JobView(job_id, "a.png", "greyscale", "failed", retry_of=retry_of)


def ids(*jobs: JobView) -> dict[str, list[str]]:
    """Return the ids of the tries by the first one's."""
    return {first: [one.id for one in tries] for first, tries in tries_of(jobs).items()}


def test_each_try_follows_the_one_before() -> None:
    assert ids(job(A), job(B), job(C, A), job(D, C)) == {A: [A, C, D], B: [B]}


def test_two_who_try_again_at_the_same_time_make_tries_of_one_job() -> None:
    assert ids(job(A), job(B, A), job(C, A)) == {A: [A, B, C]}


def test_a_try_whose_clock_was_behind_is_still_the_later_one() -> None:
    assert ids(job(A, B), job(B)) == {B: [B, A]}


def test_a_try_of_what_is_gone_is_a_job_of_its_own_place() -> None:
    assert ids(job(B, A), job(C), job(D, B)) == {A: [B, D], C: [C]}


def test_entries_that_name_each_other_in_a_circle_lose_no_job() -> None:
    assert ids(job(A, B), job(B, A), job(C, C)) == {B: [A, B], C: [C]}
