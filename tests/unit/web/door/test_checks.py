"""What of a request's head is refused."""

from collections.abc import Callable

import pytest

from tests.web_bench import Site

Make = Callable[..., Site]
UPLOAD = "/api/v1/upload?operation=greyscale"
FILES = {"f": ("a.png", b"x")}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:80", "203.0.113.7", "[2001:db8::7]:80"]
)
def test_it_answers_to_its_own_names(site: Make, host: str) -> None:
    made = site(host_names=("203.0.113.7", "2001:db8::7"))
    assert made.post(UPLOAD, files=FILES, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "203.0.113.7.evil.example", "203.0.113.8", "localhost.", "", "[::1", "127.0.0.1:80:80"],
)
def test_it_answers_to_no_other(site: Make, host: str) -> None:
    made = site(host_names=("203.0.113.7",))
    answer = made.post(UPLOAD, files=FILES, headers={"Host": host})
    assert (answer.status_code, answer.json()["type"]) == (421, "urn:jobfleet:problem:wrong-host")
    assert answer.json()["mend"]
    assert made.work.uploads == []


def test_two_hosts_are_none(site: Make) -> None:
    answer = site().get("/", headers=[("Host", "127.0.0.1"), ("Host", "localhost")])
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jobfleet:problem:bad-host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:81"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_a_page_of_another_site_sends_nothing(site: Make, headers: dict[str, str]) -> None:
    made = site()
    answer = made.post(UPLOAD, files=FILES, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:jobfleet:problem:foreign-origin")
    assert made.work.uploads == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:80", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8080", "Host": "127.0.0.1:8080"},
    ],
)
def test_our_own_page_and_programs_do(site: Make, headers: dict[str, str]) -> None:
    assert site().post(UPLOAD, files=FILES, headers=headers).status_code == 200


def test_pages_are_sent_with_a_policy_that_keeps_the_origin_of_their_forms(site: Make) -> None:
    # With no-referrer, browsers send `Origin: null` with a form, and it would be refused as a foreign one.
    assert site().get("/nowhere").headers["referrer-policy"] == "same-origin"


def test_reading_is_open_to_a_link_from_elsewhere(site: Make) -> None:
    answer = site().get("/nowhere", headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "identity, gzip", "br"])
def test_a_compressed_body_is_refused(site: Make, encoding: str) -> None:
    made = site()
    answer = made.post(UPLOAD, files=FILES, headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["value"]) == (415, encoding)
    assert made.work.uploads == []


def test_a_body_that_is_compressed_on_its_way_is_refused(site: Make) -> None:
    made = site()
    answer = made.post(UPLOAD, files=FILES, headers={"Transfer-Encoding": "gzip, chunked"})
    assert (answer.status_code, answer.json()["value"]) == (415, "gzip, chunked")
    assert made.work.uploads == []
    assert made.post(UPLOAD, files=FILES, headers={"Transfer-Encoding": "Chunked"}).status_code == 200


def test_a_body_that_says_it_is_as_it_is_is_taken(site: Make) -> None:
    assert site().post(UPLOAD, files=FILES, headers={"Content-Encoding": "identity"}).status_code == 200
