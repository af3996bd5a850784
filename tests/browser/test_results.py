"""What came of each job is shown, whatever it is, and as text alone."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person, file
from tests.pictures import saved, smooth

HOSTILE = (
    "<img src=x onerror=document.title='harmed'>.png",
    '"><script>document.title="harmed"</script>.png',
    "{{7*7}}${7*7}<b>bold.png",
    "‮gnp.exe.png",
    "a" * 230 + ".png",
)


def test_numbers_that_were_typed_become_a_row_with_their_facts(person: Person) -> None:
    person.ready().choose("stats")
    person.page.get_by_label("Histogram").fill("4")
    person.page.get_by_label("Type or paste numbers").fill("3 4 5 1 2 9.5 7")

    person.page.get_by_role("button", name="Compute").click()

    row = person.page.get_by_role("listitem").filter(has=person.page.locator(".badge", has_text="Done"))
    expect(row.locator(".chips")).to_contain_text(re.compile("Count ?7.*Mean ?4.5.*Median ?4"))
    row.get_by_role("button", name="Details").click()
    dialog = person.page.get_by_role("dialog")
    expect(dialog.locator(".bins rect")).to_have_count(4)
    dialog.get_by_text("The bins as a table").click()
    expect(dialog.get_by_role("columnheader")).to_have_text(["From", "to", "Numbers"])


def test_nothing_typed_is_not_sent(person: Person) -> None:
    person.ready().choose("stats").page.get_by_role("button", name="Compute").click()

    expect(person.page.locator("#typed:invalid")).to_have_count(1)
    expect(person.page.locator(".row")).to_have_count(0)


def test_a_histogram_is_drawn_with_words_for_who_cannot_see_it(person: Person, photo: Path) -> None:
    person.ready().choose("histogram").send(photo)

    row = person.sees("photo.jpg", "Done")

    expect(row.get_by_role("img", name=re.compile("Histogram of brightness: .* mean"))).to_be_visible()


def test_details_show_both_pictures_and_go_from_job_to_job(person: Person) -> None:
    person.ready().send(file("a.png", saved(smooth(20, 30))), file("b.png", saved(smooth(30, 20))))
    person.settled(2)
    person.row("a.png").get_by_role("button", name="Details").click()
    dialog = person.page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("After: a.png")).to_be_visible()

    person.page.keyboard.press("ArrowRight")

    expect(dialog.get_by_role("heading", level=2)).to_have_text("b.png")
    expect(dialog.get_by_alt_text("Before: b.png")).to_be_visible()
    person.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_one_output_is_downloaded_and_all_as_a_zip(person: Person, photo: Path) -> None:
    person.ready().send(photo).send(file("b.png", saved(smooth(30, 20)))).settled(2)

    with person.page.expect_download() as one:
        person.row("photo.jpg").get_by_role("link", name="Download").click()
    with person.page.expect_download() as whole:
        person.page.get_by_role("link", name="Download all").click()

    assert Path(one.value.path()).read_bytes()[:3] == b"\xff\xd8\xff"
    names = zipfile.ZipFile(io.BytesIO(Path(whole.value.path()).read_bytes())).namelist()
    assert len(names) == 2


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_hostile_names_are_shown_as_text(visit: Callable[..., Person], javascript: bool) -> None:
    sender = visit().ready()
    sender.send(*(file(name, saved(smooth(9, 9))) for name in HOSTILE)).settled(len(HOSTILE))

    reader = visit(sender.page.url, java_script_enabled=javascript)

    heading = reader.page.get_by_role("heading", level=3) if javascript else reader.page.locator("tbody th")
    expect(heading).to_have_count(len(HOSTILE))
    shown = "\n".join(heading.all_text_contents())
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[2]):
        assert name in shown
    assert "harmed" not in reader.page.title()
    assert reader.page.locator("main b, main script, img[src=x]").count() == 0
    assert not reader.scrolls_sideways
    assert sender.complaints == reader.complaints == []
