"""Everything is served under each prefix and without one, and what is found there leads back through it."""

import asyncio
import base64
import re
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jobfleet.errors import NotOffered
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import JobError, Result
from jobfleet_web.links import come_by
from jobfleet_web.work.aws_problems import problem_of
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import done_view

from tests.places import REPOSITORY
from tests.web_bench import ScriptedWork, Site

Make = Callable[..., Site]
PREFIXES = ["/cluster1", "/two/parts"]
WAYS = ["", *PREFIXES]
FILES = {"f": ("a.png", b"x")}
UPLOAD = "/api/v1/upload?operation=greyscale"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TOKEN = "correct-horse-battery"  # noqa: S105


@pytest.fixture
def made(site: Make) -> Site:
    """A site behind a balancer that has two prefixes for it."""
    return site(prefixes=tuple(PREFIXES), balanced=True, instance="i-1", group="cluster1")


def links_in(told: Any) -> list[str]:
    """Return every path in an answer's JSON."""
    if isinstance(told, dict):
        return [one for value in told.values() for one in links_in(value)]
    if isinstance(told, list):
        return [one for value in told for one in links_in(value)]
    return [told] if isinstance(told, str) and told.startswith("/") else []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", ["/", "/scaling"])
def test_all_that_a_page_needs_is_under_its_prefix(made: Site, way: str, path: str) -> None:
    page = made.get(f"{way}{path}", headers=HTML)
    assert page.status_code == 200
    found = re.findall(r'(?:href|src|action)="([^"#]+)"', page.text)
    assert len(found) > 4
    for one in found:
        assert one == f"{way}/" or re.match(rf"{way}/(api/v1|static)/", one)
        if "/static/" in one:
            assert made.get(one).status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_answers_lead_back_by_the_way_the_request_came(made: Site, way: str) -> None:
    told = made.post(f"{way}{UPLOAD}", files=[("f", ("a.png", b"x")), ("f", ("b.png", b"y"))])
    new = made.post(f"{way}/api/v1/batches")
    later = made.post(f"{way}{UPLOAD}", files=FILES, headers={"Prefer": "respond-async"})
    form = made.post(f"{way}/?operation=greyscale", files=FILES, headers=HTML)

    assert (told.status_code, new.status_code, later.status_code, form.status_code) == (200, 201, 202, 303)
    links = links_in(told.json()) + links_in(new.json()) + links_in(later.json())
    links += [one.headers["location"] for one in (new, later, form)]
    assert len(links) > 15
    assert all(re.match(rf"{way}/(api/v1/|batches/)", one) for one in links)


@pytest.mark.parametrize("way", WAYS)
def test_the_description_names_the_prefix_as_the_server(made: Site, way: str) -> None:
    assert made.get(f"{way}/api/v1/openapi.json").json()["servers"] == [{"url": way or "/"}]


@pytest.mark.parametrize("way", WAYS)
def test_a_problem_leads_back_by_the_way_the_request_came(made: Site, way: str) -> None:
    told = made.get(f"{way}/nowhere").json()
    assert repr(f"{way}/nowhere") in told["detail"]
    assert f"{way}/api/v1/openapi.json lists" in told["mend"]
    assert f'<a href="{way}/">' in made.get(f"{way}/nowhere", headers=HTML).text


@pytest.mark.parametrize("way", WAYS)
def test_a_sentence_that_was_written_before_leads_back_by_the_way_the_request_came(way: str) -> None:
    """A job's failure and an error of AWS's are told to everybody who asks, whichever way they come."""
    failed = done_view(
        JobFacts(new_job_id(), operation="glow"),
        Result(new_job_id(), "glow", "failed", "w", 1, error=JobError("unknown-operation", "no")), None, None,
    )  # fmt: skip
    problem = problem_of(NotOffered("no"))

    def told() -> list[str]:
        come_by(way)
        return [failed.to_json()["error"]["mend"], problem.to_json()["mend"]]

    assert copy_context().run(told) == [
        f"choose an operation that GET {way}/api/v1/operations lists as offered",
        f"GET {way}/api/v1/operations lists what the workers offer",
    ]


def test_no_sentence_names_a_place_that_is_elsewhere_under_a_prefix() -> None:
    sources = sorted((REPOSITORY / "web" / "jobfleet_web").rglob("*.py"))
    assert len(sources) > 50
    said = {
        f"{path.name}: {words}"
        for path in sources
        for words in re.findall(r"(?:GET|POST|PUT|DELETE) /\S+", path.read_text())
    }
    assert said == set()
    problems = yaml.safe_load((REPOSITORY / "roles/web/vars/main.yml").read_text())["__web_problems"]
    for one in problems:
        for words in (one["mend"], one.get("detail", "")):
            assert re.findall(r"(?<!\$web_prefix)/(?:api|batches|healthz|static)\b", words) == []


@pytest.mark.parametrize(
    "path", ["/cluster10/healthz", "/Cluster1/healthz", "/two/healthz", "/x/cluster1/healthz"]
)
def test_what_only_looks_like_a_prefix_is_none(made: Site, path: str) -> None:
    answer = made.get(path)
    assert answer.status_code == 404
    assert answer.json()["mend"].endswith("the page is at /.")


def test_the_bare_prefix_tells_a_program_who_answers_and_shows_people_the_page(made: Site) -> None:
    told = made.get("/cluster1")
    assert (told.status_code, told.headers["cache-control"]) == (200, "no-store")
    assert told.json() == made.get("/cluster1/whoami").json()
    assert told.json()["instance"] == "i-1"
    page = made.get("/cluster1?operation=rotate", headers=HTML)
    assert page.text == made.get("/cluster1/?operation=rotate", headers=HTML).text
    assert made.post("/cluster1?operation=greyscale", files=FILES).status_code == 200
    assert made.get("/", headers={"Accept": "*/*"}).headers["content-type"].startswith("text/html")


def test_requests_at_the_same_time_do_not_mix_their_ways(site: Make) -> None:
    work = ScriptedWork(gate=asyncio.Event())
    made = site(work, prefixes=tuple(PREFIXES))

    async def all_at_once() -> list[httpx.Response]:
        async with made.client() as client:
            sent = [asyncio.ensure_future(client.post(f"{way}{UPLOAD}", files=FILES)) for way in WAYS]
            await made.until(lambda: len(work.uploads) == len(WAYS))
            assert work.gate
            work.gate.set()
            return await asyncio.gather(*sent)

    for way, answer in zip(WAYS, made.run(all_at_once()), strict=True):
        assert all(one.startswith(f"{way}/api/") for one in links_in(answer.json()))


def test_an_upload_takes_its_place_in_the_waiting_room_by_whichever_way(site: Make) -> None:
    work = ScriptedWork(gate=asyncio.Event())
    made = site(work, prefixes=tuple(PREFIXES), waiting_max=2)

    async def three() -> list[int]:
        async with made.client() as client:
            paths = [f"/cluster1{UPLOAD}", "/two/parts?operation=greyscale"]
            held = [asyncio.ensure_future(client.post(path, files=FILES)) for path in paths]
            await made.until(lambda: made.hall.waiting.held == 2)
            third = await client.post(f"/cluster1{UPLOAD}", files=FILES)
            assert work.gate
            work.gate.set()
            return [third.status_code, *[one.status_code for one in await asyncio.gather(*held)]]

    assert made.run(three()) == [429, 200, 200]


@pytest.mark.parametrize("balanced", [True, False])
def test_a_token_is_asked_for_under_a_prefix_as_without(site: Make, tmp_path: Path, balanced: bool) -> None:
    (tmp_path / "token").write_text(TOKEN)
    given = {"token_file": str(tmp_path / "token"), "open_to_all_without_token": False}
    made = site(prefixes=tuple(PREFIXES), balanced=balanced, **given)
    bearer = {"Authorization": "Basic " + base64.b64encode(f"x:{TOKEN}".encode()).decode()}

    for path in ("/cluster1/healthz", "/two/parts/healthz", "/healthz"):
        assert made.get(path).status_code == 200
    for path in (
        "/cluster1/",
        "/cluster1/api/v1/operations",
        "/cluster1/work",
        "/cluster1/healthz/",
        "/work",
    ):
        assert made.get(path).status_code == 401
    assert made.get("/cluster1", headers=HTML).status_code == 401
    assert made.get("/cluster1/api/v1/operations", headers=bearer).status_code == 200
    # Load generators that compare instances know no token. Elsewhere nobody needs to be told without one.
    for path in ("/cluster1", "/cluster1/whoami", "/whoami"):
        assert made.get(path).status_code == (200 if balanced else 401)


def test_the_log_has_the_prefix_beside_the_path_and_nothing_of_watchers(made: Site) -> None:
    for path in ("/cluster1/healthz", "/cluster1/whoami", "/two/parts", "/cluster1/api/v1/nowhere"):
        made.get(path)
    made.get(f"/batches/{new_job_id()[:5]}")
    assert [(one.get("prefix"), one["path"][:8]) for one in made.lines()] == [
        ("/cluster1", "/api/v1/"),
        (None, "/batches"),
    ]
