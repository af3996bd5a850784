"""Files come in by all ways, each is seen through, and what failed is tried again alone."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Request, Route, expect

from tests.browser.person import Person, file
from tests.patience import wait_for
from tests.pictures import saved, smooth

Visit = Callable[..., Person]

# Notes each state that a row shows, in order: what is seen for a moment is seen, too.
_WATCH = """
() => {
  window.seen = [];
  new MutationObserver(() => {
    const row = document.querySelector(".row");
    const state = row?.dataset.state;
    if (state && window.seen.at(-1) !== state) window.seen.push(state);
    const bar = row?.querySelector("progress");
    if (bar && !bar.hidden && bar.value > 0 && bar.value < 1) window.partly = true;
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}
"""


def picture(seed: int = 0) -> bytes:
    """Return a small image."""
    return saved(smooth(30 + seed, 40))


def test_what_is_dropped_is_done_and_shown_before_and_after(person: Person, photo: Path) -> None:
    person.ready().choose("greyscale").drop(file("photo.jpg", photo.read_bytes(), "image/jpeg"))

    row = person.sees("photo.jpg", "Done")

    for words in ("Before", "After"):
        image = row.get_by_alt_text(f"{words}: photo.jpg")
        wait_for(lambda image=image: image.evaluate("image => image.naturalWidth") == 1280)
    # Grey is grey: the server's picture is shown, and not the person's own again.
    assert row.get_by_alt_text("After: photo.jpg").evaluate("""async (image) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0, 40, 40);
        const pixels = context.getImageData(0, 0, 40, 40).data;
        const near = (value, place) => Math.abs(value - pixels[place - (place % 4)]) < 2;
        return pixels.every((value, place) => place % 4 === 3 || near(value, place));
    }""")
    expect(person.page).to_have_url(re.compile(r"/batches/[0-9a-f-]{36}$"))


def test_folders_are_dropped_with_all_that_is_in_them(person: Person, tmp_path: Path) -> None:
    inner = tmp_path / "trip" / "day one"
    inner.mkdir(parents=True)
    (tmp_path / "trip" / "a.png").write_bytes(picture())
    (inner / "b.png").write_bytes(picture(1))
    (inner / ".hidden").write_bytes(b"nobody's")
    person.ready()
    browser = person.page.context.new_cdp_session(person.page)
    data = {"items": [], "files": [str(tmp_path / "trip")], "dragOperationsMask": 1}

    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 640, "y": 300, "data": data})

    person.sees("trip/a.png", "Done")
    person.sees("trip/day one/b.png", "Done")
    person.settled(2)


def test_an_image_is_pasted(person: Person) -> None:
    person.ready().page.evaluate("""() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 20, height: 20 });
        canvas.toBlob((blob) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([blob], "image.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        });
    }""")

    person.sees("image.png", "Done")


def test_an_upload_shows_how_far_it_is_and_each_state_after_it(person: Person, photo: Path) -> None:
    person.ready().page.evaluate(_WATCH)
    browser = person.page.context.new_cdp_session(person.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 150_000}
    browser.send("Network.emulateNetworkConditions", slow)

    person.send(photo)

    row = person.sees("photo.jpg", "Done")
    seen = person.page.evaluate("window.seen")
    assert seen[0] in ("queued", "uploading")
    assert seen[-1] == "succeeded"
    assert set(seen) >= {"uploading", "succeeded"}
    assert seen == sorted(seen, key=["queued", "uploading", "waiting", "working", "succeeded"].index)
    assert person.page.evaluate("window.partly")
    expect(row.locator(".clock")).to_contain_text(re.compile(r"Upload .* · Waiting .* · Working "))


def test_a_job_that_failed_says_why_and_is_tried_again_alone(person: Person) -> None:
    person.ready().send(file("good.png", picture()), file("notes.png", b"these are words"))
    person.sees("good.png", "Done")
    failed = person.sees("notes.png", "Failed")
    expect(failed.locator(".trouble")).to_contain_text("image")

    with person.page.expect_request("**/retry") as sent:
        failed.get_by_role("button", name="Try again").click()

    assert sent.value.method == "POST"
    expect(person.row("notes.png").locator(".badge")).to_have_text("Failed (try 2)")
    person.settled(2)
    person.page.reload()
    # The try that failed first is no row of its own later either.
    expect(person.row("notes.png").locator(".badge")).to_have_text("Failed (try 2)")
    person.settled(2)


def test_an_upload_that_was_refused_goes_again_under_the_same_key(person: Person) -> None:
    keys: list[str | None] = []

    def refuse(route: Route, request: Request) -> None:
        keys.append(request.headers.get("idempotency-key"))
        body = {
            "type": "urn:jobfleet:problem:too-large",
            "status": 413,
            "detail": "too much",
            "mend": "Less.",
        }
        route.fulfill(status=413, content_type="application/problem+json", json=body)

    person.ready().page.route("**/api/v1/upload", refuse)
    person.send(file("one.png", picture()))
    failed = person.sees("one.png", "Failed")
    expect(failed.locator(".trouble")).to_have_text("Too much. Less.")
    person.page.unroute("**/api/v1/upload")

    with person.page.expect_request("**/api/v1/upload") as sent:
        failed.get_by_role("button", name="Try again").click()

    assert [sent.value.headers.get("idempotency-key")] == keys
    person.sees("one.png", "Done")


def test_a_server_that_is_busy_is_asked_again_when_it_says(person: Person) -> None:
    refused: list[str] = []

    def busy_once(route: Route, request: Request) -> None:
        if refused:
            route.continue_()
            return
        refused.append(request.headers["idempotency-key"])
        body = {"type": "urn:jobfleet:problem:busy", "status": 429, "detail": "200 requests wait already"}
        route.fulfill(status=429, headers={"Retry-After": "3"}, json=body)

    person.ready().page.route("**/api/v1/upload", busy_once)

    with person.page.expect_request(lambda one: "upload" in one.url and bool(refused)) as again:
        person.send(file("one.png", picture()))
        expect(person.page.get_by_text("200 requests wait already")).to_contain_text("Next try in ")

    assert again.value.headers["idempotency-key"] == refused[0]
    person.sees("one.png", "Done")
    expect(person.page.get_by_text("200 requests wait already")).to_be_hidden()


def test_files_wait_until_what_is_needed_is_filled_in(person: Person) -> None:
    person.ready().choose("resize").send(file("one.png", picture()))
    expect(person.page.locator(".row")).to_have_count(0)
    # Chromium shows its own bubble at the field, and that must not take the files with it.
    person.page.get_by_label("Width").fill("12")

    person.page.get_by_role("button", name="Send 1 file").click()

    row = person.sees("one.png", "Done")
    expect(row.locator(".row-result")).to_contain_text(re.compile("12 . 9"))


def test_who_leaves_is_asked_only_while_files_are_being_sent(person: Person) -> None:
    leaves = """() => {
        const event = new Event("beforeunload", { cancelable: true });
        dispatchEvent(event);
        return !event.defaultPrevented;
    }"""
    person.ready()
    held: list[Route] = []
    person.page.route("**/api/v1/upload", lambda route: held.append(route))
    assert person.page.evaluate(leaves)

    person.send(file("one.png", picture()))
    wait_for(lambda: person.page.evaluate("1") and held)
    assert not person.page.evaluate(leaves)

    held[0].continue_()
    person.sees("one.png", "Done")
    assert person.page.evaluate(leaves)
