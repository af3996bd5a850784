"""An instance says who it is."""

import os
from collections.abc import Callable

from jobfleet_jobs.version import __version__

from tests.web_bench import Site

Make = Callable[..., Site]


def test_it_says_what_the_settings_say(site: Make) -> None:
    answer = site(
        instance="i-0abc", group="cluster1", zone="us-east-1a", instance_type="t2.large", balanced=True
    ).get("/whoami")
    assert answer.json() == {
        "instance": "i-0abc", "group": "cluster1", "zone": "us-east-1a", "type": "t2.large",
        "version": __version__, "process": os.getpid(),
    }  # fmt: skip
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


def test_what_the_settings_do_not_say_is_empty(site: Make) -> None:
    told = site().get("/whoami").json()
    assert [told[name] for name in ("instance", "group", "zone", "type")] == [""] * 4
