"""A worker that shows the page, on a real host: what the role makes, that it lasts, and that it goes."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.door.call_log import read_calls
from tests import policies
from tests.localcloud_fixture import new_key
from tests.patience import patience, wait_for
from tests.playbooks.conftest import REPOSITORY, Deployed, Stack
from tests.policies import Place

PHOTO = REPOSITORY / "examples" / "photo.jpg"
WAIT = patience(60)
PLACE = Place("fleet", "123456789012", "us-east-1")

# All that a host has of it, as a shell sees it.
THERE = (
    "ls -d /opt/jobfleet-web /var/lib/jobfleet-web /etc/jobfleet/web* /etc/systemd/system/jobfleet-web.* "
    "/etc/systemd/system/*.wants/jobfleet-web.* /etc/systemd/system/nginx.service.d /etc/nginx "
    "/run/jobfleet-web 2>/dev/null; getent passwd jobfleet-web; dpkg-query --show 'nginx*' 2>/dev/null; true"
)


@dataclass(frozen=True)
class Key:
    """A file with a key that may do only what docs/policies/web.json allows, for the web host alone."""

    file: Path
    environment: dict[str, str]

    def renew(self) -> dict[str, str]:
        """Put another key into the file, and return it."""
        policy = self.file.with_suffix(".json")
        policy.write_text(PLACE.fill_in((policies.FOLDER / "web.json").read_text()))
        key = new_key(self.environment, policy=policy)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        self.file.touch(mode=0o600)
        self.file.write_text(
            "\n".join(["[default]", *(f"{name} = {key[name.upper()]}" for name in names), ""])
        )
        return key

    def calls(self, key: dict[str, str]) -> list[dict[str, Any]]:
        """Return the rows of what was called with a key."""
        path = Path(self.environment["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return list(read_calls(path, access_key=key["AWS_ACCESS_KEY_ID"]))


@pytest.fixture(scope="module")
def key(localcloud: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Key:
    made = Key(tmp_path_factory.mktemp("key") / "web", localcloud)
    made.renew()
    return made


@pytest.fixture(scope="module")
def on(key: Key) -> dict[str, Any]:
    """The variables that have the worker show the page."""
    return {"web_on_workers": True, "web_credentials_file": str(key.file)}


@pytest.fixture
def web(deployed_stack: Deployed, on: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack of one worker, which shows the page."""
    with deployed_stack.lend(request.node, **on) as lent:
        yield lent


def token_of(stack: Stack) -> str:
    s3 = stack.client("s3")
    sts = stack.client("sts")
    bucket = f"{stack.name}-{sts.get_caller_identity()['Account']}-us-east-1"
    found = json.loads(s3.get_object(Bucket=bucket, Key="web/access.json")["Body"].read())
    s3.close()
    sts.close()
    return str(found["token"])


def address_of(stack: Stack) -> str:
    [instance] = stack.instances()
    return str(instance["PublicIpAddress"])


def upload(
    stack: Stack, *, token: str | None = None, by: str = "http", trusted: str = ""
) -> requests.Response:
    """Upload a photo as a person's program does, and wait for what comes of it."""
    with PHOTO.open("rb") as photo:
        return requests.post(
            f"{by}://{address_of(stack)}/api/v1/upload",
            files={"file": ("photo.jpg", photo)},
            data={"operation": "greyscale"},
            auth=("me", token or token_of(stack)),
            headers={"Prefer": "wait=60"},
            verify=trusted or True,
            allow_redirects=False,
            timeout=WAIT,
        )


def on_host(stack: Stack, command: str) -> str:
    [printed] = stack.on_workers(command).values()
    return printed


def main_process(stack: Stack) -> str:
    return on_host(stack, "systemctl show -P MainPID jobfleet-web")


def test_an_upload_through_nginx_comes_back_done_and_a_second_run_changes_nothing(
    web: Stack, on: dict[str, Any]
) -> None:
    done = upload(web)
    again = web.deploy("--check", "--diff", **on), web.deploy(**on)

    assert done.status_code == 200, done.text
    [job] = done.json()["jobs"]
    assert (job["name"], job["status"]) == ("photo.jpg", "succeeded")
    assert upload(web, token="wrong").status_code == 401  # noqa: S106 - none
    assert [(one.changed, one.changes) for one in again] == [([], 0), ([], 0)]


def test_it_is_hardened_and_its_files_are_its_own(web: Stack) -> None:
    modes = on_host(web, "stat -c '%a %U:%G %n' /etc/jobfleet /etc/jobfleet/web* /run/jobfleet-web/*")
    security = "systemd-analyze security --no-pager {} | tail -1"
    judged = [on_host(web, security.format(unit)) for unit in ("jobfleet-web", "nginx")]
    units = on_host(web, "systemctl is-enabled jobfleet-web.socket jobfleet-web.service nginx.service")

    assert modes.splitlines() == [
        "755 root:root /etc/jobfleet",
        "400 jobfleet-web:root /etc/jobfleet/web-credentials",
        "640 root:jobfleet-web /etc/jobfleet/web-token",
        "640 root:jobfleet-web /etc/jobfleet/web.toml",
        "600 www-data:www-data /run/jobfleet-web/http.sock",
    ]
    exposures = [float(verdict.rpartition(": ")[2].split()[0]) for verdict in judged]
    assert exposures[0] <= 2.5, judged
    assert exposures[1] <= 3.0, judged
    assert units.split() == ["enabled"] * 3
    assert "169.254.169.254/32" in on_host(web, "systemctl show -P IPAddressDeny jobfleet-web nginx")
    assert on_host(web, "systemctl show -P MemoryMax nginx").isdecimal()
    assert on_host(web, "systemctl show -P OOMPolicy nginx") == "continue"
    with pytest.raises(ConnectionRefusedError):  # it is this machine's, too
        socket.create_connection(("127.0.0.1", 80), timeout=WAIT)


def test_a_process_that_is_killed_is_back_and_a_restart_refuses_nobody(web: Stack) -> None:
    before = main_process(web)
    on_host(web, f"kill -KILL {before}")
    assert upload(web).status_code == 200
    assert main_process(web) not in ("0", before)

    restarted = threading.Event()
    statuses: list[int] = []

    def knock() -> None:
        while not restarted.is_set():
            statuses.append(requests.get(f"http://{address}/", timeout=WAIT).status_code)

    address = address_of(web)
    with ThreadPoolExecutor() as threads:
        knocking = [threads.submit(knock) for _ in range(4)]
        try:
            wait_for(lambda: len(statuses) > 20)
            on_host(web, "systemctl restart jobfleet-web")
        finally:
            restarted.set()
        assert [one.result() for one in knocking] == [None] * 4

    assert set(statuses) == {401}


def test_new_credentials_are_used_from_the_next_call_on_and_restart_nothing(
    web: Stack, on: dict[str, Any], key: Key
) -> None:
    """They may do what the policy of web hosts says, and nothing that the page does is refused."""
    before, new = main_process(web), key.renew()

    outcome = web.play("playbooks/configure.yml", "--tags", "credentials", "--diff", "-vvv", **on)

    assert outcome.code == 0, outcome.said
    assert outcome.changed == ["Ensure the host holds the credentials that are in force here"]
    assert new["AWS_SESSION_TOKEN"] not in outcome.text
    assert main_process(web) == before
    assert upload(web).status_code == 200
    rows = key.calls(new)
    assert {"s3:PutObject", "sqs:SendMessage"} <= {row["action"] for row in rows}
    assert [(row["action"], row["resource"]) for row in rows if row["refused"]] == []


@pytest.mark.changes_stack
def test_a_new_token_and_tls_take_effect_without_a_restart_and_show_no_secret(
    web: Stack, on: dict[str, Any]
) -> None:
    before, old = main_process(web), token_of(web)
    wanted = {**on, "web_tls": True, "web_token_new": True}

    told = web.play("playbooks/configure.yml", "--tags", "web", "--check", "--diff", **wanted)
    assert told.code == 0, told.said
    outcome = web.play("playbooks/configure.yml", "--tags", "web", "--diff", "-vvv", **wanted)

    assert outcome.code == 0, outcome.said
    assert {
        "Ensure the host holds the token",
        "Ensure nginx holds its key",
        "Ensure nginx stands in front of the web tier, and in front of nothing else",
        "Reload nginx",
        "Ensure the stack's description lies in the bucket",
    } <= set(outcome.changed)
    assert set(told.changed) >= set(outcome.changed) - {"Reload nginx"}
    authority = str(web.folder / "web-ca.pem")
    assert upload(web, by="https", trusted=authority).status_code == 200
    assert upload(web, by="https", trusted=authority, token=old).status_code == 401
    assert upload(web).status_code == 308
    assert main_process(web) == before
    [key_here] = web.folder.glob("web-i-*.key")
    assert on_host(web, "stat -c '%a %U' /etc/jobfleet/web-tls.key; ls /etc/jobfleet") == "\n".join(
        ["600 root", "credentials", "web-credentials", "web-tls.key", "web-tls.pem", "web-token", "web.toml",
         "worker.toml"]
    )  # fmt: skip
    for secret in (old, token_of(web), key_here.read_text().splitlines()[1]):
        assert secret not in outcome.text


def test_off_again_all_of_it_goes_and_the_worker_stays(web: Stack, deployed_stack: Deployed) -> None:
    worker = on_host(web, "systemctl show -P MainPID jobfleet-worker")
    there = on_host(web, THERE)

    gone = web.deploy()
    again = web.deploy()
    deployed_stack.is_left_with()

    assert len(there.splitlines()) > 12
    assert "Ensure all files are gone" in gone.changed
    assert (again.changed, again.changes) == ([], 0)
    assert on_host(web, THERE) == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address_of(web), 80), timeout=WAIT)
    assert on_host(web, "systemctl show -P MainPID jobfleet-worker") == worker
    assert web.jobfleet("stats", "1", "2").returncode == 0
