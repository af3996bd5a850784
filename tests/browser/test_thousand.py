"""A thousand files do not freeze the page, and its first sight costs little."""

from collections.abc import Callable

from playwright.sync_api import Request, Response, Route, expect

from tests.browser.person import Person, file
from tests.patience import wait_for

Visit = Callable[..., Person]

FILES = 1000

# What one page of the list holds, as list.js says.
ROWS = 40

FIRST_PAINT_BYTES = 200_000

# Notes how many rows were in the document at most.
_COUNT_ROWS = """() => {
    window.most = 0;
    const rows = document.getElementsByClassName("row");
    new MutationObserver(() => { window.most = Math.max(window.most, rows.length); })
      .observe(document.body, { subtree: true, childList: true });
}"""


def test_a_thousand_files_are_sent_while_the_page_answers(visit: Visit) -> None:
    person = visit().ready().choose("stats")
    page = person.page
    page.evaluate(_COUNT_ROWS)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)

    person.drop(*(file(f"numbers {n}.txt", f"{n} {n + 1}".encode(), "text/plain") for n in range(FILES)))

    expect(page.get_by_role("button", name="All 1,000")).to_be_visible()
    # While hundreds are still to be sent, what a person does is answered.
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".pager p")).to_have_text("41 to 80 of 1,000")
    page.get_by_label("Type or paste numbers").fill("7 8 9")
    expect(page.locator(".batch-summary")).to_contain_text("still to send")
    summary = page.locator(".batch-summary")
    wait_for(lambda: "1,000 of 1,000 files done" in summary.inner_text(), 60, summary.inner_text)
    assert summary.inner_text() == "1,000 of 1,000 files done"
    assert page.evaluate("window.most") <= ROWS
    # Small ones share uploads.
    assert len(posts) < FILES / 5

    page.reload()

    expect(page.get_by_role("button", name="Done 1,000")).to_be_visible()
    expect(page.locator(".row")).to_have_count(ROWS)
    assert person.complaints == []


def test_the_first_sight_of_the_page_is_small(visit: Visit) -> None:
    person = visit("/healthz")
    sizes: dict[str, int] = {}

    def weigh(response: Response | None) -> None:
        if response:
            sizes[response.url] = len(response.body())

    person.page.on("requestfinished", lambda request: weigh(request.response()))
    person.go("/").ready()
    person.page.wait_for_load_state("networkidle")

    assert any(url.endswith("/static/page.css") for url in sizes)
    assert sum(sizes.values()) < FIRST_PAINT_BYTES, sizes


def test_of_files_that_share_an_upload_only_the_bad_one_is_refused(visit: Visit) -> None:
    def refuse_the_bad(route: Route, request: Request) -> None:
        if b'filename="bad.txt"' in (request.post_data_buffer or b""):
            body = {
                "type": "urn:jobfleet:problem:too-large",
                "status": 413,
                "detail": "this one is too large",
            }
            route.fulfill(status=413, json=body)
        else:
            route.continue_()

    person = visit().ready().choose("stats")
    person.page.route("**/api/v1/stats", refuse_the_bad)
    names = [*(f"{n}.txt" for n in range(14)), "bad.txt", *(f"{n}.txt" for n in range(14, 39))]

    person.drop(*(file(name, b"1 2 3", "text/plain") for name in names)).settled(40)

    expect(person.page.locator(".batch-summary")).to_contain_text("1 failed")
    expect(person.row("bad.txt").locator(".trouble")).to_have_text("This one is too large.")
