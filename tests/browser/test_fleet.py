"""The strip at the top shows how the fleet is, and what to do if nobody works.

The fleet of these tests is well. What the page is told of one that is not stands in its answer: a session
that ended for real would end for all tests of the site.
"""

import json
import signal
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.browser.person import Person, file
from tests.browser.site import Site
from tests.pictures import saved, smooth

Visit = Callable[..., Person]

OVER = {
    "workers": {"alive": 0, "paused": 0, "asleep": 2},
    "queue": {"waiting": 1200, "working": 0},
    "session": {"state": "over", "expires_at": None, "mend": ""},
    "message": "the lab's session is over",
    "mend": "start the lab again",
}

# The page asks again when it is seen again.
SEEN = "document.dispatchEvent(new Event('visibilitychange'))"


def test_workers_that_are_alive_are_counted(person: Person) -> None:
    expect(person.page.get_by_role("region", name="The fleet")).to_contain_text("1 worker alive")
    expect(person.page.locator(".notice")).to_have_count(0)


def test_a_session_that_is_over_is_told_with_the_way_out_until_it_is_not(visit: Visit) -> None:
    person = visit().ready()
    person.page.route("**/api/v1/fleet", lambda route: route.fulfill(json=OVER))
    strip = person.page.get_by_role("region", name="The fleet")

    person.page.evaluate(SEEN)

    for words in ("0 workers alive", "2 asleep", "1,200 in line"):
        expect(strip).to_contain_text(words)
    notice = person.page.locator(".notice")
    expect(notice).to_contain_text("The lab's session is over. Start the lab again.")
    person.page.unroute("**/api/v1/fleet")
    person.page.evaluate(SEEN)
    expect(notice).to_have_count(0)
    expect(strip).to_contain_text("1 worker alive")


def test_a_job_whose_request_is_gone_is_told_and_can_be_tried_again(visit: Visit, site: Site) -> None:
    """The time is an invention: the real one is told only after minutes."""
    person = visit().ready()
    lost = json.loads(person.page.request.get("/api/v1/fleet").text()) | {
        "lost_before": "2099-01-01T00:00:00Z"
    }
    person.page.route("**/api/v1/fleet", lambda route: route.fulfill(json=lost))
    site.worker.send_signal(signal.SIGSTOP)
    try:
        row = person.send(file("a.png", saved(smooth(9, 9)))).sees("a.png", "Waiting")
        person.page.evaluate(SEEN)
        expect(row).to_contain_text("No request of it is in the queue any more")
        row.get_by_role("button", name="Try again").click()
        expect(row.locator(".badge")).to_contain_text("Waiting (try 2)")
        expect(row.get_by_role("button", name="Try again")).to_have_count(0)
    finally:
        site.worker.send_signal(signal.SIGCONT)
    person.settled(1).sees("a.png", "Done")


def test_a_token_that_is_not_taken_any_more_is_told_once(visit: Visit) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=401, json={"type": "urn:jobfleet:problem:no-token", "detail": "wrong token"})

    person = visit().ready()
    person.page.route("**/api/v1/upload", refuse)

    person.send(file("a.png", saved(smooth(9, 9))), file("b.png", saved(smooth(9, 9)))).settled(2)

    notice = person.page.locator(".notice")
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("Reload this page and enter the token again.")
    expect(person.page.get_by_role("button", name="Try again")).to_have_count(2)
