"""A batch has an address: it survives a reload, another browser, and the loss of the web host."""

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.browser.person import Person, file
from tests.browser.site import Site
from tests.patience import wait_for
from tests.pictures import saved, smooth

Visit = Callable[..., Person]


def test_a_reload_keeps_everything(person: Person) -> None:
    person.ready().send(file("a.png", saved(smooth(20, 30))), file("b.png", b"no image")).settled(2)

    person.page.reload()

    expect(person.sees("a.png", "Done").get_by_alt_text("Before: a.png")).to_be_visible()
    expect(person.sees("b.png", "Failed").locator(".trouble")).to_contain_text("image")
    person.settled(2)


def test_another_browser_sees_the_batch_and_what_is_added_to_it(visit: Visit) -> None:
    sender = visit().ready().send(file("a.png", saved(smooth(20, 30)))).settled(1)
    other = visit(sender.page.url)
    other.sees("a.png", "Done")

    sender.send(file("b.png", saved(smooth(25, 30))))

    expect(other.sees("b.png", "Done").get_by_alt_text("After: b.png")).to_be_visible()
    other.settled(2)


def test_the_way_back_leads_to_an_empty_page(person: Person) -> None:
    person.ready().send(file("a.png", saved(smooth(20, 30)))).settled(1)

    person.page.go_back()

    expect(person.page.get_by_role("heading", name="Drop files or folders here")).to_be_visible()
    expect(person.page.locator(".row")).to_have_count(0)


def test_an_address_that_is_none_says_so(visit: Visit) -> None:
    lost = visit("/batches/nonsense", java_script_enabled=False)

    expect(lost.page.locator(".notice")).to_contain_text("there is no batch 'nonsense'")


def test_a_page_outlives_its_web_host(visit: Visit, site: Site) -> None:
    person = visit().ready().send(file("a.png", saved(smooth(20, 30)))).settled(1)

    site.kill_web()
    expect(person.page.get_by_text("The server cannot be reached")).to_be_visible()
    expect(person.page.get_by_role("heading", name="a.png", level=3)).to_be_visible()
    person.send(file("b.png", saved(smooth(25, 30))))
    site.start()
    person.page.get_by_role("button", name="Try now").click()

    person.sees("b.png", "Done")
    person.settled(2)
    expect(person.page.get_by_text("The server cannot be reached")).to_be_hidden()


def test_the_same_file_sent_twice_is_two_rows_and_no_try_of_the_other(visit: Visit) -> None:
    person = visit().ready().send(file("notes.png", b"no image"))
    person.sees("notes.png", "Failed")
    other = visit(person.page.url)
    other.sees("notes.png", "Failed")

    person.send(file("notes.png", b"no image")).settled(2)

    for one in (other, visit(person.page.url)):
        one.settled(2)
        expect(one.page.locator(".row .badge")).to_have_text(["Failed", "Failed"])


def test_a_try_that_is_told_before_the_one_it_follows_is_in_its_row(visit: Visit) -> None:
    person = visit().ready().send(file("notes.png", b"no image"))
    failed = person.sees("notes.png", "Failed")
    failed.get_by_role("button", name="Try again").click()
    expect(failed.locator(".badge")).to_have_text("Failed (try 2)")

    latest: list[str] = []

    def turned(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        latest.append(told["jobs"][-1]["id"])
        route.fulfill(response=answer, json={**told, "jobs": told["jobs"][::-1]})

    other = visit()
    other.page.route("**/events", lambda route: route.abort())
    other.page.route("**/api/v1/batches/*?*", turned)
    other.go(person.page.url)

    expect(other.row("notes.png").locator(".badge")).to_have_text("Failed (try 2)")
    expect(other.page.locator(".row")).to_have_count(1)
    other.row("notes.png").get_by_role("button", name="Details").click()
    expect(other.page.get_by_role("dialog")).to_contain_text(latest[0])


def test_news_that_overtake_an_answer_make_no_second_row(visit: Visit) -> None:
    person = visit().ready().send(file("notes.png", b"no image"))
    failed = person.sees("notes.png", "Failed")
    other = visit(person.page.url)
    held: list[Route] = []
    person.page.route("**/retry", lambda route: held.append(route))

    failed.get_by_role("button", name="Try again").click()
    wait_for(lambda: person.page.evaluate("1") and held)
    answer = held[0].fetch()
    # The other one has heard of the next try, so this one has, too.
    expect(other.row("notes.png").locator(".badge")).to_have_text("Failed (try 2)")
    expect(person.page.locator(".row")).to_have_count(1)
    held[0].fulfill(response=answer)

    expect(failed.locator(".badge")).to_have_text("Failed (try 2)")
    expect(person.page.locator(".row")).to_have_count(1)
