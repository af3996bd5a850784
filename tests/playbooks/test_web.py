"""A worker that shows the page on a real host: what the role makes, that it lasts, and that all of it goes again."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.door.call_log import read_calls
from tests.localcloud_fixture import new_key
from tests.patience import patience, wait_for
from tests.playbooks.conftest import REPOSITORY, Deployed, Stack

PHOTO = REPOSITORY / "examples" / "photo.jpg"
WAIT = patience(60)
ON = {"web_on_workers": True}


@pytest.fixture
def web(deployed_stack: Deployed, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack of one worker, which shows the page."""
    with deployed_stack.lend(request.node, **ON) as lent:
        yield lent


def token_of(stack: Stack) -> str:
    s3 = stack.client("s3")
    account = stack.client("sts").get_caller_identity()["Account"]
    found = s3.get_object(Bucket=f"{stack.name}-{account}-us-east-1", Key="web/access.json")["Body"].read()
    s3.close()
    return str(json.loads(found)["token"])


def address_of(stack: Stack) -> str:
    [instance] = stack.instances()
    return str(instance["PublicIpAddress"])


def upload(stack: Stack, url: str | None = None, **more: Any) -> requests.Response:
    """Upload a photo as a person's program does, and wait for what comes of it."""
    return requests.post(
        f"{url or 'http://' + address_of(stack)}/api/v1/upload",
        files={"file": ("photo.jpg", PHOTO.read_bytes())},
        data={"operation": "greyscale"},
        **{"auth": ("me", token_of(stack)), "headers": {"Prefer": "wait=60"}, "timeout": WAIT, **more},
    )


def main_process(stack: Stack) -> str:
    [number] = stack.on_workers("systemctl show -P MainPID jobfleet-web").values()
    return number


def test_an_upload_through_nginx_comes_back_done_and_a_second_run_changes_nothing(web: Stack) -> None:
    done = upload(web)
    again = web.deploy("--check", "--diff", **ON), web.deploy(**ON)

    assert done.status_code == 200, done.text
    [job] = done.json()["jobs"]
    assert (job["name"], job["status"]) == ("photo.jpg", "succeeded")
    assert upload(web, auth=("me", "wrong")).status_code == 401
    assert [(one.changed, one.changes) for one in again] == [([], 0), ([], 0)]
