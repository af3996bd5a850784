"""The page is for everybody: keyboard, phone, darkness, screen reader, no JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.person import Person, file
from tests.browser.site import Site
from tests.pictures import saved, smooth

Visit = Callable[..., Person]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

# Without motion: colours of rows that are still coming into sight are others.
STILL: dict[str, Any] = {"reduced_motion": "reduce"}

LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "dark phone": {**PHONE, "color_scheme": "dark"},
}


@pytest.fixture(scope="module")
def batch(site: Site) -> dict[str, str]:
    """Where the address of a batch is kept that the tests here look at."""
    return {}


@pytest.fixture
def mixed(batch: dict[str, str], visit: Visit) -> str:
    """The address of a batch with results of several kinds."""
    if not batch:
        sender = visit().ready()
        sender.send(file("a.png", saved(smooth(20, 30))), file("notes.png", b"words")).settled(2)
        sender.choose("histogram").send(file("c.png", saved(smooth(20, 30)))).settled(3)
        sender.choose("stats").page.get_by_label("Type or paste numbers").fill("1 2 3")
        sender.page.get_by_role("button", name="Compute").click()
        sender.settled(4)
        batch["url"] = sender.page.url
    return batch["url"]


def violations(person: Person) -> list[str]:
    """Return what axe finds, each with its element."""
    found = Axe().run(person.page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_the_empty_page(visit: Visit, look: str) -> None:
    person = visit(**STILL, **LOOKS[look]).ready().choose("threshold")

    assert violations(person) == []


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_beside_results(visit: Visit, mixed: str, look: str) -> None:
    person = visit(mixed, **STILL, **LOOKS[look]).ready().settled(4)
    assert violations(person) == []

    person.row("c.png").get_by_role("button", name="Details").click()
    expect(person.page.get_by_role("dialog")).to_be_visible()

    assert violations(person) == []


def test_a_phone_scrolls_in_one_direction(visit: Visit, mixed: str) -> None:
    person = visit("/", **PHONE).ready()
    assert not person.scrolls_sideways

    person.go(mixed).settled(4)

    assert not person.scrolls_sideways


def test_buttons_are_large_enough_for_thumbs(visit: Visit, mixed: str) -> None:
    person = visit(mixed, **PHONE).ready().settled(4)

    sizes = person.page.locator("button:visible, a.button:visible, label.button:visible").evaluate_all(
        "all => all.map((one) => [one.textContent, one.getBoundingClientRect().height])"
    )

    assert [one for one in sizes if one[1] < 34] == []


def test_the_dark_is_dark(visit: Visit) -> None:
    def lightness(**options: Any) -> int:
        colour = (
            visit(**options).page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        )
        return sum(int(value) for value in re.findall(r"\d+", colour)[:3])

    assert lightness(color_scheme="dark") < 150
    assert lightness(color_scheme="light") > 600


def test_motion_stops_where_people_want_none(visit: Visit) -> None:
    def moving(**options: Any) -> int:
        person = visit(**options).ready()
        person.page.route("**/api/v1/upload", lambda route: None)
        person.send(file("a.png", saved(smooth(20, 30)))).sees("a.png", "Uploading")
        return int(person.page.evaluate("document.getAnimations().length"))

    assert moving(reduced_motion="no-preference") > 0
    assert moving(reduced_motion="reduce") == 0


def test_everything_can_be_done_with_the_keyboard_alone(visit: Visit) -> None:
    person = visit().ready()
    page = person.page

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(document.activeElement.labels?.[0] || document.activeElement).textContent.trim()"
            )
            if focused.startswith(name):
                return
        raise AssertionError(f"{name!r} is not reached")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the form")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to("Operation")
    page.keyboard.type("stats")
    tab_to("Type or paste numbers")
    page.keyboard.type("4 5 9")
    tab_to("Compute")
    page.keyboard.press("Enter")
    person.settled(1)
    tab_to("Choose files")
    # What a field for files does with a key is the browser's own.
    expect(page.locator("#files")).to_be_focused()
    person.send(file("few.txt", b"1 2 oh", "text/plain"))
    person.sees("few.txt", "Failed")
    tab_to("Try again")
    page.keyboard.press("Enter")
    expect(person.row("few.txt").locator(".badge")).to_have_text("Failed (try 2)")
    # The button that was pressed is gone for a while; the keyboard's place in the page is not.
    expect(person.row("few.txt").locator(":focus")).to_have_count(1)
    tab_to("Details")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(person.row("few.txt").get_by_role("button", name="Details")).to_be_focused()


def test_screen_readers_hear_of_the_whole_and_not_of_each_file(visit: Visit) -> None:
    person = visit().ready()
    person.page.evaluate("""() => {
        window.said = [];
        new MutationObserver(() => window.said.push(document.getElementById("live").textContent))
          .observe(document.getElementById("live"), { childList: true, characterData: true, subtree: true });
    }""")

    person.send(*(file(f"{n}.png", saved(smooth(9, 9))) for n in range(12))).settled(12)

    expect(person.page.locator("#live")).to_have_text("12 of 12 files done")
    assert len(person.page.evaluate("window.said")) < 12
    assert person.page.locator(".row [aria-live], .row [role=status]").count() == 0


def test_without_javascript_the_form_sends_and_the_batch_is_a_table(visit: Visit) -> None:
    person = visit(java_script_enabled=False)
    page = person.page
    page.get_by_role("combobox", name="Operation").select_option("threshold")
    page.get_by_role("button", name="Show its settings").click()
    page.get_by_label("Level").fill("90")
    person.send(file("a.png", saved(smooth(20, 30))), file("notes.png", b"words"))

    page.get_by_role("button", name="Send").click()

    expect(page).to_have_url(re.compile("/batches/"))
    rows = page.get_by_role("row")
    # The page is fetched again by itself while something is under way.
    expect(rows.filter(has_text="a.png")).to_contain_text("Done")
    expect(rows.filter(has_text="notes.png")).to_contain_text("Failed")
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0)
    links = rows.filter(has_text="a.png").get_by_role("link")
    output = page.request.get(links.filter(has_text="output").get_attribute("href") or "")
    assert output.body()[:4] == b"\x89PNG"
    told = page.request.get(links.filter(has_text="details").get_attribute("href") or "")
    assert told.json()["parameters"]["level"] == 90


def test_without_javascript_a_job_that_is_tried_again_keeps_its_row(visit: Visit) -> None:
    person = visit(java_script_enabled=False)
    page = person.page
    person.send(file("notes.png", b"words"))
    page.get_by_role("button", name="Send").click()
    row = page.get_by_role("row").filter(has_text="notes.png")
    expect(row).to_contain_text("Failed")
    told = page.request.get(row.get_by_role("link", name="details").get_attribute("href") or "").json()

    assert page.request.post(told["job"]["links"]["retry"]).status == 202
    page.reload()

    expect(row).to_contain_text("Failed, tried 2 times")
    expect(row).to_have_count(1)
    expect(page.locator(".plain-batch p").first).to_have_text("1 of 1 done, 1 failed.")


def test_without_javascript_numbers_are_typed(visit: Visit) -> None:
    person = visit(java_script_enabled=False)
    page = person.page
    expect(page.get_by_label("Type or paste numbers")).to_have_count(0)
    page.get_by_role("combobox", name="Operation").select_option("stats")
    page.get_by_role("button", name="Show its settings").click()
    page.get_by_label("Type or paste numbers").fill("1 2\n3.5, 1.5")
    person.send(file("more.txt", b"7 9", "text/plain"))

    page.get_by_role("button", name="Send").click()

    expect(page).to_have_url(re.compile("/batches/"))
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="numbers.txt")).to_contain_text("mean: 2")
    expect(rows.filter(has_text="more.txt")).to_contain_text("mean: 8")
    expect(rows).to_have_count(3)
