"""The page as the server sends it: whole without JavaScript, whatever is in it, and with AWS away."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from jobfleet.stack.offered_operations import Offers
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_web.app import create_app
from jobfleet_web.model import BatchView, JobFailure, JobView, OutputFile
from jobfleet_web.pages.routes import ROWS_MAX
from jobfleet_web.problems import Problem
from starlette.routing import Route

from tests.places import REPOSITORY
from tests.web_bench import ScriptedWork, Site

Make = Callable[..., Site]

HOSTILE = "<script>alert(1)</script>&\"'"


@dataclass
class OneBatch(ScriptedWork):
    """Work with one batch in it; its own `problem` is what reading anything comes to, as without AWS."""

    jobs: Sequence[JobView] = ()
    problem: Problem | None = None
    tries: Mapping[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def latest(self, batch_id: str, after: str, limit: int) -> BatchView:
        if self.problem:
            raise self.problem
        self.asked.append((batch_id, after, limit))
        counts = dict.fromkeys(("waiting", "working", "succeeded", "failed"), 0)
        for job in self.jobs:
            counts[job.status] += 1
        following = self.jobs[-1].id if len(self.jobs) > 2 else None
        return BatchView(batch_id, self.jobs, counts, following, self.tries)

    async def operations(self) -> Offers:
        if self.problem:
            raise self.problem
        return await super().operations()


def away() -> Problem:
    """Return what reading comes to without AWS."""
    problem = Problem(503, "aws-unreachable", "AWS is out of reach", mend="send it again in a moment")
    return problem.with_headers(Retry_After="5")


def shown(made: Site, *, path: str = "") -> str:
    """Return a batch's page."""
    return made.get(path or f"/batches/{new_job_id()}").text


def test_the_form_is_of_the_operation_that_is_asked_for(site: Make) -> None:
    page = site().get("/?operation=rotate").text

    assert '<option value="rotate" selected>' in page
    assert re.search(
        r'<input id="p-degrees" name="degrees" value=""\s+type="number" min="-360" max="360"', page
    )
    assert "required" in page


def test_numbers_are_typed_without_javascript_where_they_are_taken(site: Make) -> None:
    made = site()

    assert '<textarea id="plain-numbers" name="numbers"' in made.get("/?operation=stats").text
    assert "plain-numbers" not in made.get("/?operation=rotate").text


@pytest.mark.parametrize("name", ["", "nonsense", HOSTILE])
def test_an_operation_that_there_is_not_leaves_the_first_one(site: Make, name: str) -> None:
    answer = site().get("/", params={"operation": name})

    assert answer.status_code == 200
    assert '<option value="greyscale" selected>' in answer.text
    assert HOSTILE not in answer.text


def test_what_no_worker_does_cannot_be_chosen(site: Make) -> None:
    page = site(ScriptedWork(lacking=("text",))).get("/?operation=text").text

    assert re.search(r'<option value="text" disabled>\s*text \(no worker does it now\)', page)
    assert '<option value="greyscale" selected>' in page


def test_all_that_comes_from_people_and_files_is_escaped(site: Make) -> None:
    jobs = [
        JobView(new_job_id(), HOSTILE, HOSTILE, "failed", failure=JobFailure("x", HOSTILE, HOSTILE)),
        JobView(new_job_id(), "a", "text", "succeeded", result={"text": HOSTILE}),
        JobView(new_job_id(), "b", "classify", "succeeded", result={"labels": [{"label": HOSTILE}]}),
        JobView(new_job_id(), "c", "own", "succeeded", result={HOSTILE: HOSTILE}),
        JobView(new_job_id(), "d", "own", "succeeded", output=OutputFile(HOSTILE, 1, HOSTILE)),
    ]

    page = shown(site(OneBatch(jobs=jobs)))

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 10


def test_a_batch_under_way_is_fetched_again_and_one_that_is_done_is_not(site: Make) -> None:
    done = JobView(new_job_id(), "a.png", "greyscale", "succeeded", times={"waiting": 1.0, "working": 0.5})
    waiting = JobView(new_job_id(), "b.png", "greyscale", "waiting")

    both, one = shown(site(OneBatch(jobs=[done, waiting]))), shown(site(OneBatch(jobs=[done])))

    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in both
    assert "1 of 2 done." in both
    assert 'http-equiv="refresh"' not in one
    assert "<td>1.5 s</td>" in one


def test_a_job_that_was_tried_again_is_one_row_that_says_so(site: Make) -> None:
    once = JobView(new_job_id(), "a.png", "greyscale", "succeeded")
    again = JobView(new_job_id(), "b.png", "greyscale", "failed", retry_of=new_job_id())

    page = shown(site(OneBatch(jobs=[once, again], tries={once.id: 1, again.id: 2})))

    assert "<td>Done</td>" in page
    assert "<td>Failed, tried 2 times</td>" in page


def test_a_long_batch_comes_in_parts(site: Make) -> None:
    jobs = [JobView(new_job_id(), f"{n}.png", "greyscale", "succeeded") for n in range(3)]
    work = OneBatch(jobs=jobs)
    batch = new_job_id()

    page = shown(site(work), path=f"/batches/{batch}?after={jobs[0].id}")

    assert work.asked == [(batch, jobs[0].id, ROWS_MAX)]
    assert f'href="/batches/{batch}?after={jobs[-1].id}"' in page


def test_the_page_comes_without_aws_and_says_so(site: Make) -> None:
    made = site(OneBatch(problem=away()))

    start, batch = made.get("/"), made.get(f"/batches/{new_job_id()}")

    assert start.status_code == 200
    assert '<option value="threshold">' in start.text
    assert (batch.status_code, batch.headers["retry-after"]) == (503, "5")
    assert "AWS is out of reach send it again in a moment" in batch.text
    assert '<script type="module" src="/static/page.js"></script>' in batch.text


@pytest.mark.parametrize("name", ["nonsense", "%3Cscript%3E", "..%2f..%2fetc"])
def test_an_address_of_no_batch_is_not_found(site: Make, name: str) -> None:
    answer = site().get(f"/batches/{name}")

    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_every_page_has_a_policy_that_lets_no_script_but_ours_run(site: Make) -> None:
    for path in ("/", f"/batches/{new_job_id()}", "/static/page.js"):
        answer = site(OneBatch()).get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_docs_name_every_endpoint_and_no_other(site: Make) -> None:
    made = site(balanced=True)
    served = {
        (method, route.path)
        for route in create_app(made.parts).routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    table = (REPOSITORY / "docs/web.md").read_text().partition("<!-- endpoints -->")[2].partition("<!-- /")[0]

    assert set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", table, re.MULTILINE)) == served
