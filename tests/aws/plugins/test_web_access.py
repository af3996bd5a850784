"""The token of the page, against S3 over HTTP."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.storage.web_token import WebToken
from jobfleet_jobs.protocol.names import WEB_ACCESS_KEY

from tests.unit.plugins.actions import action, run

BUCKET = "web-access-tests"


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> Iterator[Any]:
    client = aws("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.delete_object(Bucket=BUCKET, Key=WEB_ACCESS_KEY)
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def play(s3: Any, localcloud: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """What runs the module as a task does."""

    def play(*, check_mode: bool = False, bucket: str = BUCKET, **more: Any) -> dict[str, Any]:
        arguments = {"region": "us-east-1", "bucket": bucket, "key": WEB_ACCESS_KEY, **more}
        plugin = action("web_access")
        done = run(plugin, arguments, name="web_access", environment=localcloud, check_mode=check_mode)
        assert not done.get("failed"), done
        return done

    return play


def held(s3: Any) -> str | None:
    """Return what the bucket holds, None where it holds nothing."""
    try:
        return str(s3.get_object(Bucket=BUCKET, Key=WEB_ACCESS_KEY)["Body"].read().decode())
    except s3.exceptions.NoSuchKey:
        return None


def test_a_token_is_made_once_and_found_again(s3: Any, play: Callable[..., dict[str, Any]]) -> None:
    first, second = play(), play()

    assert (first["changed"], second["changed"]) == (True, False)
    assert first["token"] == second["token"]
    assert json.loads(str(held(s3))) == {"token": first["token"]}
    assert len(first["token"]) == 43  # 32 bytes


def test_a_new_one_takes_its_place_when_that_is_wanted(s3: Any, play: Callable[..., dict[str, Any]]) -> None:
    first, new = play(), play(new=True)

    assert new["changed"]
    assert new["token"] != first["token"]
    assert json.loads(str(held(s3))) == {"token": new["token"]}


def test_without_a_page_it_goes(s3: Any, play: Callable[..., dict[str, Any]]) -> None:
    play()

    told = play(state="absent", check_mode=True)
    assert (told["changed"], held(s3) is None) == (True, False)
    assert play(state="absent")["changed"]
    assert held(s3) is None
    assert not play(state="absent")["changed"]


def test_check_mode_tells_of_one_and_makes_none(s3: Any, play: Callable[..., dict[str, Any]]) -> None:
    told = play(check_mode=True)
    nowhere = play(check_mode=True, bucket="no-such-bucket-of-a-web-access-test")

    assert (told["changed"], nowhere["changed"]) == (True, True)
    assert len(told["token"]) == 43
    assert held(s3) is None
    assert not play(check_mode=True, bucket="no-such-bucket-of-a-web-access-test", state="absent")["changed"]


@pytest.mark.parametrize("junk", [b"", b"not json", b"[]", b'{"token": 7}', b'{"token": ""}'])
def test_what_is_no_token_is_written_over(s3: Any, play: Callable[..., dict[str, Any]], junk: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key=WEB_ACCESS_KEY, Body=junk)

    made = play()

    assert made["changed"]
    assert json.loads(str(held(s3))) == {"token": made["token"]}


def test_of_two_who_make_one_at_once_both_have_the_first_one_s(s3: Any) -> None:
    # Both have looked and found nothing; then one after the other writes.
    one, two = (WebToken(s3, BUCKET, WEB_ACCESS_KEY) for _ in range(2))
    looked = (one.read(), two.read())
    theirs: list[tuple[str, bool]] = []

    def other_first(**_: Any) -> None:
        if not theirs:
            theirs.append(("", False))
            theirs[0] = two.make(over="", try_only=False)

    s3.meta.events.register("before-call.s3.PutObject", other_first, unique_id="first")
    mine = one.make(over="", try_only=False)
    s3.meta.events.unregister("before-call.s3.PutObject", unique_id="first")

    assert looked == ("", "")
    assert theirs[0][1]
    assert mine == (theirs[0][0], False)
    assert json.loads(str(held(s3))) == {"token": mine[0]}
