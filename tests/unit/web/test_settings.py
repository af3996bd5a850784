"""Settings that cannot work are refused with the value and the way out, all of them at once."""

from collections.abc import Callable
from typing import Any

import pytest
from jobfleet_web.app import create_app
from jobfleet_web.settings import OWN_PATHS, BadSettings, from_mapping
from starlette.routing import Route

from tests.web_bench import Site

GIVEN = {"stack": "mine", "region": "us-east-1", "bucket": "mine", "token_file": "/token"}


def refused(**change: Any) -> str:
    """Return what is said against settings."""
    with pytest.raises(BadSettings) as problem:
        from_mapping({**GIVEN, **change})
    return str(problem.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refused(
        waiting_max=0, wait_default=500, prefixes=["cluster1"], zone="us east", region="x", balancd=True
    )
    for words in (
        "'balancd' (did you mean balanced?)", "waiting_max is 0: give 1 to 100000",
        "wait_default is 500: give 0 to 120", "prefixes has 'cluster1': give paths", "zone is 'us east'",
        "region 'x'",
    ):  # fmt: skip
        assert words in said


def test_all_that_is_missing_or_unknown_is_said_at_once() -> None:
    with pytest.raises(BadSettings, match=r"'zon' .*did you mean zone.*lacks bucket, region, stack"):
        from_mapping({"token_file": "/token", "zon": "a"})


def test_all_that_is_of_another_kind_is_said_at_once() -> None:
    said = refused(balanced="yes", prefixes="/cluster1", group=1)
    assert all(words in said for words in ("balanced is 'yes'", "prefixes is '/cluster1'", "group is 1"))


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        "cluster1",
        "/cluster1/",
        "//a",
        "/a//b",
        "/a b",
        "/a?b",
        "/é",
        "/a%2fb",
        "/..",
        "/a/../b",
        "/.",
    ],
)
def test_a_prefix_that_is_none_is_refused_by_its_name(prefix: str) -> None:
    assert f"{prefix!r}" in refused(prefixes=[prefix])


@pytest.mark.parametrize("prefix", ["/cluster1", "/a/b", "/apis", "/a.b~c-d_e", "/workers", "/A"])
def test_a_prefix_is_any_path(prefix: str) -> None:
    assert from_mapping({**GIVEN, "prefixes": [prefix]}).prefixes == (prefix,)


@pytest.mark.parametrize("several", [["/a", "/a"], ["/a", "/a/b"], ["/a/b", "/a"]])
def test_prefixes_that_cannot_be_told_apart_are_refused(several: list[str]) -> None:
    assert f"{several[0]!r} and {several[1]!r}" in refused(prefixes=several)
    assert from_mapping({**GIVEN, "prefixes": ["/a", "/ab", "/b/a"]})


def test_no_prefix_hides_a_path_of_the_web_tier_itself(site: Callable[..., Site]) -> None:
    routes = create_app(site(balanced=True).parts).routes
    there = {route.path.split("/")[1] for route in routes if isinstance(route, Route)} - {""}
    assert there == OWN_PATHS - {"nginx-problems"}  # which is nginx's
    for one in OWN_PATHS:
        assert f"/{one} is the web tier's own" in refused(prefixes=[f"/{one}", "/x"])
