"""Chromium, and a site for it to visit."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.abilities import need_program
from tests.browser.person import Person
from tests.browser.site import Site
from tests.patience import patience

# In /usr/bin on Debian; a snap on Ubuntu is elsewhere.
CHROMIUM = shutil.which("chromium")

DESK = {"width": 1280, "height": 860}


@pytest.fixture(scope="session")
def site(
    localcloud: dict[str, str], aws: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A web tier that all tests of the browser share."""
    need_program("chromium")
    made = Site(localcloud, aws("sqs"), aws("s3"), tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser. It ends with the module: while it runs, no other test could have an event loop."""
    need_program("chromium")
    expect.set_options(timeout=patience(10) * 1000)
    with sync_playwright() as playwright:
        # Root may not use the sandbox, and containers may lack /dev/shm.
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[..., Person]]:
    """Lets a person with a browser of their own come to the site; options are Playwright's for a context."""
    contexts: list[BrowserContext] = []

    def come(path: str = "/", **options: Any) -> Person:
        context = chromium.new_context(
            base_url=site.url, http_credentials=site.credentials, **{"viewport": DESK, **options}
        )
        context.set_default_timeout(patience(10) * 1000)
        contexts.append(context)
        return Person(context.new_page()).go(path)

    yield come
    for context in contexts:
        context.close()


@pytest.fixture
def person(visit: Callable[..., Person]) -> Iterator[Person]:
    """Somebody at a desk who has opened the page. It says nothing on the console."""
    one = visit()
    yield one
    assert one.complaints == []


@pytest.fixture
def photo() -> Path:
    """A photo."""
    return Path(__file__).parents[2] / "examples" / "photo.jpg"
