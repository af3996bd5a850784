"""Behind a balancer the page is under a prefix, and never asks for anything outside of it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.person import Person, file
from tests.pictures import saved, smooth

Visit = Callable[..., Person]


def test_a_batch_is_sent_seen_and_found_again_under_its_prefix(visit: Visit) -> None:
    person = visit("about:blank")
    paths: list[str] = []
    person.page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    picture = file("a.png", saved(smooth(20, 30)))

    person.go("/cluster1").ready().send(picture).settled(1)
    address = urlsplit(person.page.url).path
    person.page.reload()
    expect(person.sees("a.png", "Done").get_by_alt_text("After: a.png")).to_be_visible()
    person.page.get_by_role("link", name="New batch").click()
    expect(person.page.get_by_role("heading", name="Drop files or folders here")).to_be_visible()
    person.page.go_back()
    person.sees("a.png", "Done").get_by_role("button", name="Details").click()
    links = person.page.get_by_role("dialog").get_by_role("link").all()

    assert address.startswith("/cluster1/batches/")
    assert links
    assert all(str(link.get_attribute("href")).startswith("/cluster1/api/v1/jobs/") for link in links)
    assert len(paths) > 20
    assert [path for path in paths if not path.startswith("/cluster1")] == []
    assert person.complaints == []


def test_a_step_within_the_bare_prefix_does_not_load_the_page_again(visit: Visit) -> None:
    person = visit("/cluster1").ready()
    person.page.evaluate("document.body.dataset.stays = 'yes'")

    person.page.evaluate("location.hash = 'main'")
    person.page.go_back()

    expect(person.page.locator("body")).to_have_attribute("data-stays", "yes")


def test_without_javascript_the_form_leads_to_the_batch_under_the_prefix(visit: Visit) -> None:
    person = visit("/cluster1", java_script_enabled=False)
    person.page.get_by_role("button", name="Show its settings").click()
    person.send(file("a.png", saved(smooth(20, 30))))

    person.page.get_by_role("button", name="Send", exact=True).click()

    expect(person.page.get_by_role("rowheader", name="a.png")).to_be_visible()
    assert urlsplit(person.page.url).path.startswith("/cluster1/batches/")
