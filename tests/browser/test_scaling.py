"""A fleet that scales, in the strip and on its own page: for everybody, live, and without JavaScript."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.abilities import need_program
from tests.browser.person import Person
from tests.browser.site import Site
from tests.patience import patience
from tests.scaling_bench import Scaled, decisions

DARK_PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "color_scheme": "dark",
}  # fmt: skip

ASLEEP: dict[str, Any] = {
    "workers": {"alive": 0, "paused": 0, "asleep": 1}, "queue": {"waiting": 0, "working": 0},
    "session": {"state": "ok"}, "message": "the fleet is asleep, and wakes when a job comes", "mend": "",
    "scaling": {
        "phase": "asleep", "running": 0, "wanted": 0, "booting": 0, "leaving": 0, "warnings": [],
    },
}  # fmt: skip
STARTING = {
    **ASLEEP, "message": "a worker is starting, about 60 s",
    "scaling": {**ASLEEP["scaling"], "phase": "starting", "wanted": 1, "booting": 1},
}  # fmt: skip
GROWING = {
    **ASLEEP, "workers": {"alive": 2, "paused": 0, "asleep": 0}, "message": "2 workers, 9 in line",
    "scaling": {**ASLEEP["scaling"], "phase": "running", "running": 2, "wanted": 4, "booting": 2,
                "leaving": 1},
}  # fmt: skip

DAMAGED = {
    **GROWING, "message": "2 workers, 0 in line",
    "scaling": {**GROWING["scaling"], "phase": "unknown", "warnings": ["it is damaged: mend it"]},
}  # fmt: skip

# The page asks again when it is seen again.
SEEN = "document.dispatchEvent(new Event('visibilitychange'))"


def answered(told: dict[str, Any]) -> Callable[[Route], None]:
    """Return what answers a request so."""
    return lambda route: route.fulfill(json=told)


@pytest.fixture(scope="module")
def scaling_site(
    localcloud: dict[str, str], aws: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A web tier whose stack scales, with a log of the last minutes."""
    need_program("chromium")
    made = Site(localcloud, aws("sqs"), aws("s3"), tmp_path_factory.mktemp("site"))
    scaled = Scaled(made).publish()
    scaled.log(*decisions(60, visible=7))
    yield made
    made.close()


@pytest.fixture
def come(chromium: Browser, scaling_site: Site) -> Iterator[Callable[..., Person]]:
    """Lets a person come to that site."""
    people: list[Person] = []

    def visit(path: str, **options: Any) -> Person:
        context = chromium.new_context(
            base_url=scaling_site.url, http_credentials=scaling_site.credentials, **options
        )
        context.set_default_timeout(patience(10) * 1000)
        people.append(Person(context.new_page()).go(path))
        return people[-1]

    yield visit
    for person in people:
        assert person.complaints == []
        person.page.context.close()


def test_the_strip_tells_sleep_start_and_growth_and_alarms_nobody(come: Callable[..., Person]) -> None:
    page = come("/").page
    strip, notice = page.get_by_role("region", name="The fleet"), page.locator(".notice")
    for told, words in (
        (ASLEEP, "asleep, wakes when a job comes"),
        (STARTING, "1 starting"),
        (GROWING, "2 workers alive"),
    ):
        page.route("**/api/v1/fleet", answered(told))
        page.evaluate(SEEN)
        expect(strip).to_contain_text(words)
        expect(strip).to_have_class("fleet is-good")
        if told is STARTING:
            expect(notice).to_contain_text("A worker is starting, about 60 s.")
        else:
            expect(notice).to_have_count(0)
    for words in ("4 wanted", "2 starting", "1 leaving"):
        expect(strip).to_contain_text(words)
    strip.get_by_role("link", name="scaling").click()
    expect(page.get_by_role("heading", name="How the fleet scales")).to_be_visible()


def test_the_strip_warns_where_nobody_can_read_how_it_scales(come: Callable[..., Person]) -> None:
    page = come("/").page
    page.route("**/api/v1/fleet", answered(DAMAGED))
    page.evaluate(SEEN)
    strip = page.get_by_role("region", name="The fleet")
    expect(strip).to_have_class("fleet is-uneasy")
    expect(strip).not_to_contain_text("wanted")
    expect(page.locator(".notice")).to_contain_text("It is damaged: mend it.")


@pytest.mark.parametrize("look", [{}, DARK_PHONE], ids=["desk", "dark phone"])
def test_the_page_has_pictures_with_the_same_in_numbers_for_everybody(
    come: Callable[..., Person], look: dict[str, Any]
) -> None:
    person = come("/scaling", reduced_motion="reduce", **look).ready()
    expect(person.page.get_by_role("img", name="Jobs waiting and in work")).to_be_visible()
    expect(person.page.get_by_role("region", name="The same in numbers").get_by_role("row")).to_have_count(19)
    expect(person.page.get_by_role("region", name="The last decisions")).to_contain_text("need 1.4")
    found = Axe().run(person.page).response["violations"]
    assert [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]] == []
    wide = person.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_the_page_goes_on_by_itself_as_the_server_drew_it(come: Callable[..., Person]) -> None:
    page = come("/scaling").ready().page
    shapes = "['backlog', 'running', 'wanted'].map((id) => document.getElementById(id).getAttribute('d'))"
    row = page.locator("#scaling-rows tr").first
    before = page.evaluate(shapes), row.inner_text()
    told = page.request.get("/api/v1/scaling").json()
    page.route("**/api/v1/scaling", answered(told))
    with page.expect_response("**/api/v1/scaling"):
        page.evaluate(SEEN)
    expect(page.locator("#scaling-words")).to_have_text(told["words"])
    same = page.evaluate(shapes), row.inner_text()
    # A part of the time may have begun in between.
    assert [len(one) for one in same[0]] == pytest.approx([len(one) for one in before[0]], abs=40)
    told["words"], told["history"][-1]["backlog"] = "6 running, 6 wanted", 5_000
    with page.expect_response("**/api/v1/scaling"):
        page.evaluate(SEEN)
    expect(page.locator("#scaling-words")).to_have_text("6 running, 6 wanted")
    expect(page.locator("#most-jobs")).to_have_text("5000")


def test_without_javascript_it_is_there_as_well(come: Callable[..., Person]) -> None:
    page = come("/scaling", java_script_enabled=False).page
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(1)
    expect(page.get_by_role("region", name="The same in numbers")).to_contain_text("9")
    expect(page.locator("#scaling-words")).to_contain_text("1 running")
