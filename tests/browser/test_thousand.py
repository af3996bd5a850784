"""A thousand files do not freeze the page, and its first sight costs little."""

from collections.abc import Callable

from playwright.sync_api import Response, expect

from tests.browser.person import Person, file
from tests.patience import wait_for

Visit = Callable[..., Person]

FILES = 1000

# What one page of the list holds, as list.js says.
ROWS = 40

FIRST_PAINT_BYTES = 200_000


def test_a_thousand_files_are_sent_while_the_page_answers(visit: Visit) -> None:
    person = visit().ready().choose("stats")
    page = person.page
    page.evaluate("""() => {
        window.most = 0;
        const rows = document.getElementsByClassName("row");
        new MutationObserver(() => { window.most = Math.max(window.most, rows.length); })
          .observe(document.body, { subtree: true, childList: true });
    }""")

    person.drop(*(file(f"numbers {n}.txt", f"{n} {n + 1}".encode(), "text/plain") for n in range(FILES)))

    expect(page.get_by_role("button", name="All 1,000")).to_be_visible()
    # While hundreds are still to be sent, what a person does is answered.
    expect(page.locator(".batch-summary")).to_contain_text("still to send")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".pager p")).to_have_text("41 to 80 of 1,000")
    page.get_by_label("Type or paste numbers").fill("7 8 9")
    expect(page.get_by_label("Type or paste numbers")).to_have_value("7 8 9")
    expect(page.locator(".batch-summary")).to_contain_text("still to send")
    wait_for(lambda: "1,000 of 1,000 files done" in page.locator(".batch-summary").inner_text(), 90)
    assert "failed" not in page.locator(".batch-summary").inner_text()
    assert page.evaluate("window.most") <= ROWS

    page.reload()

    expect(page.get_by_role("button", name="Done 1,000")).to_be_visible()
    assert page.locator(".row").count() == ROWS
    assert person.complaints == []


def test_the_first_sight_of_the_page_is_small(visit: Visit) -> None:
    person = visit("/healthz")
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        sizes[response.url] = len(response.body())

    person.page.on(
        "requestfinished", lambda request: weigh(request.response()) if request.response() else None
    )
    person.go("/").ready()
    person.page.wait_for_load_state("networkidle")

    assert any(url.endswith("/static/page.css") for url in sizes)
    assert sum(sizes.values()) < FIRST_PAINT_BYTES, sizes
