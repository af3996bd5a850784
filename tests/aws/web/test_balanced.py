"""A web host behind a balancer: the role's own nginx, and the program with its prefixes behind it."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import requests
from ansible.module_utils.preflight.role_inputs import defaults_of

from tests.aws.web.nginx_before import ADDRESS, LARGEST, Site, application, configuration, nginx
from tests.patience import patience, wait_for
from tests.places import REPOSITORY
from tests.web_process import TOKEN, StartWeb, WebProcess

BEHIND = ("uvicorn", "tests.aws.web.app_behind:app", "--log-level", "error")
PREFIXES = ["/cluster1", "/a.b/c-d"]
BALANCED = {"web_balanced": True, "web_prefixes": PREFIXES}
WAIT = patience(30)
CLAIMED, SEEN = "192.0.2.66", "198.51.100.9"
NAME, OWN = "web-1.elb.example", "10.0.0.7"

# So many seconds the balancer keeps an idle connection to a host.
BALANCER_IDLE_SECONDS = defaults_of(REPOSITORY, "balancer")["balancer_idle_timeout"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A balanced site with the application that tells; this machine is the balancer."""
    with nginx(tmp_path_factory.mktemp("site"), **BALANCED) as running, application(running, *BEHIND):
        yield running


def told(site: Site, path: str = "/any", **headers: str) -> dict[str, str]:
    """Return the headers that the application reads."""
    found: dict[str, str] = requests.get(f"{site.url}{path}", headers=headers, timeout=WAIT).json()["headers"]
    return found


def logged(site: Site, path: str) -> dict[str, Any]:
    """Return the log's line of a path."""

    def found() -> list[dict[str, Any]]:
        whole, _, _ = (site.folder / "requests.log").read_text().rpartition("\n")
        return [line for line in map(json.loads, whole.splitlines()) if line["path"] == path]

    line: dict[str, Any] = wait_for(found)[-1]
    return line


def test_the_sender_s_address_is_the_last_one_that_the_balancer_appended(site: Site) -> None:
    headers = told(site, "/sender", **{"X-Forwarded-For": f"{CLAIMED}, {SEEN}", "X-Real-IP": CLAIMED})
    assert (headers["x-real-ip"], headers["x-forwarded-for"]) == (SEEN, SEEN)
    assert CLAIMED not in json.dumps(headers)
    assert logged(site, "/sender")["from"] == SEEN


def test_it_is_so_where_the_balancer_appends_a_header_of_its_own(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(
            f"GET /any HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\nX-Forwarded-For: {CLAIMED}\r\n"
            f"X-Forwarded-For: {SEEN}\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert f'"x-real-ip":"{SEEN}"'.encode() in answer
    assert CLAIMED.encode() not in answer


@pytest.mark.parametrize(("given", "passed"), [("https", "https"), ("http", "http"), ("gopher", "http")])
def test_whether_the_sender_came_by_tls_is_the_balancer_s_to_say(site: Site, given: str, passed: str) -> None:
    assert told(site, **{"X-Forwarded-Proto": given})["x-forwarded-proto"] == passed


def test_whoever_is_no_balancer_is_not_believed(tmp_path: Path) -> None:
    ranges = {"web_balancer_ranges": ["10.0.0.0/8"]}
    with nginx(tmp_path, **BALANCED, **ranges) as site, application(site, *BEHIND):
        headers = told(site, **{"X-Forwarded-For": CLAIMED, "X-Forwarded-Proto": "https"})
    assert headers["x-real-ip"] == headers["x-forwarded-for"] == ADDRESS
    assert headers["x-forwarded-proto"] == "http"


@pytest.mark.parametrize(
    "path", [f"{way}{path}" for way in ("", *PREFIXES) for path in ("/", "/api/v1/upload")] + PREFIXES
)
def test_uploads_may_be_large_by_each_way(site: Site, path: str) -> None:
    answer = requests.post(f"{site.url}{path}", data=bytes(LARGEST), timeout=WAIT)
    assert answer.status_code != 413


@pytest.mark.parametrize("path", ["/cluster1/api/v1/batches", "/cluster10/", "/aXb/c-d/", "/cluster1/x/"])
def test_nothing_else_may(site: Site, path: str) -> None:
    assert requests.post(f"{site.url}{path}", data=bytes(65537), timeout=WAIT).status_code == 413


@pytest.mark.parametrize("way", ["", *PREFIXES])
def test_a_problem_of_nginx_names_places_below_the_prefix_of_the_request(site: Site, way: str) -> None:
    for path in (f"{way}/api/v1/jobs?a=/cluster9/", f"{way}/"):
        told = requests.request("TRACE", f"{site.url}{path}", timeout=WAIT).json()
        assert told["mend"] == f"Use GET, HEAD or POST, as {way}/api/v1/openapi.json says"


def test_what_only_looks_like_a_prefix_is_none_to_nginx(site: Site) -> None:
    for path in ("/cluster10/", "/x/cluster1/", "/Cluster1/"):
        told = requests.request("TRACE", f"{site.url}{path}", timeout=WAIT).json()
        assert told["mend"] == "Use GET, HEAD or POST, as /api/v1/openapi.json says"


def test_idle_connections_stay_for_longer_than_the_balancer_uses_them(tmp_path: Path) -> None:
    for given, least in (({}, BALANCER_IDLE_SECONDS), ({"web_balancer_idle_timeout": 200}, 200)):
        text = configuration(Site(tmp_path, 1, 2), **BALANCED, **given)
        for name in ("keepalive_timeout", "client_header_timeout"):
            found = re.findall(rf"^ *{name} (\d+)s;$", text, re.MULTILINE)
            assert [int(one) > least for one in found] == [True]


@pytest.fixture
def person(start_web: StartWeb, tmp_path: Path) -> Iterator["Person"]:
    """Somebody with the token, before the whole of a web host."""
    with nginx(tmp_path, **BALANCED) as site:
        web = start_web(
            uds=str(site.application), prefixes=PREFIXES, balanced=True, host_names=[NAME, OWN],
            instance="i-0abc", zone="us-east-1a",
        )  # fmt: skip
        wait_for(lambda: web.lines("started"), 20, web.log)
        yield Person(site.url, web)


class Person(requests.Session):
    """Sends as a balancer passes it on."""

    def __init__(self, url: str, web: WebProcess) -> None:
        super().__init__()
        self.web, self._url = web, url
        self.headers.update({"Authorization": f"Bearer {TOKEN}", "Host": NAME, "X-Forwarded-For": SEEN})

    def request(self, method: str, path: str, **more: Any) -> requests.Response:  # type: ignore[override]
        """Send something to a path."""
        return super().request(method, f"{self._url}{path}", timeout=WAIT, **more)


def test_the_balancer_finds_a_host_well_and_load_generators_hear_who_it_is(person: Person) -> None:
    nobody = {"Authorization": None}
    checked = person.get("/cluster1/healthz", headers={**nobody, "Host": OWN})
    assert (checked.status_code, checked.text) == (200, "ok\n")
    asked = person.get("/cluster1", headers=nobody)
    assert (asked.status_code, asked.json()["instance"]) == (200, "i-0abc")
    assert person.get("/cluster1/work", headers=nobody).status_code == 401
    computed = person.get("/cluster1/work?rounds=2").json()
    assert (computed["rounds"], computed["zone"]) == (2, "us-east-1a")
    assert 'jobfleet_web_cpu_work_total{outcome="done"} 1' in person.get("/metrics").text
    assert {line["sender"] for line in person.web.lines("request")} == {SEEN}


def test_a_batch_is_sent_and_followed_under_its_prefix(person: Person, bench: Callable[..., Any]) -> None:
    bench().start()
    files = [("file", ("a.txt", b"1 2 3")), ("file", ("b.txt", b"4 6"))]
    sent = person.post("/cluster1/api/v1/upload?operation=stats", files=files).json()
    assert [job["result"]["mean"] for job in sent["jobs"]] == [2, 5]

    links = sent["links"]
    assert person.get(links["self"]).json()["links"] == links
    assert person.get(sent["jobs"][0]["links"]["self"]).json()["links"] == sent["jobs"][0]["links"]
    page = person.get(links["page"], headers={"Accept": "text/html"}).text
    assert f'href="{sent["jobs"][0]["links"]["self"]}"' in page
    with ZipFile(BytesIO(person.get(links["zip"]).content)) as outputs:
        assert sorted(outputs.namelist()) == ["a.txt.json", "b.txt.json"]
    with person.get(links["events"], stream=True) as events:
        first = next(line for line in events.iter_lines() if line.startswith(b"data:"))
    assert json.loads(first[5:])["links"] in [job["links"] for job in sent["jobs"]]


def test_a_process_that_stops_computes_what_it_holds_to_its_end(start_web: StartWeb) -> None:
    web = start_web(balanced=True, prefixes=PREFIXES, stop_timeout=60)
    head = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    held = [web.connect() for _ in range(4)]
    for one in held:
        one.sendall(f"GET /cluster1/work?rounds=200000 {head}".encode())
    with web.connect() as other:
        other.sendall(f"GET /cluster1/whoami {head}".encode())
        assert other.recv(12) == b"HTTP/1.1 200"  # those that came before it were let in, too
        web.process.send_signal(signal.SIGTERM)
    for one in held:
        assert one.recv(12) == b"HTTP/1.1 200"
        one.close()
    assert web.process.wait(patience(30)) == 0
