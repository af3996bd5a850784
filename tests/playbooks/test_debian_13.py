"""A deployment on hosts of Debian 13, from the first run to the teardown.

`make soak` runs it, and no other test boots such hosts: their base image takes one to two minutes of both
cores to build. Which image is chosen is a matter of unit tests.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud_fixture import newest_debian
from tests.patience import wait_for
from tests.places import REPOSITORY
from tests.playbooks.conftest import Stack

PHOTO = REPOSITORY / "examples/photo.jpg"


@pytest.fixture(scope="module")
def thirteen(
    localcloud: dict[str, str], hosts: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack of Debian 13, deployed once, and removed whatever became of it."""
    wanted = {"debian_release": 13, "web_on_workers": True, "worker_text": True, "worker_wait_time": 2}
    stack = Stack("thirteen", tmp_path_factory.mktemp("thirteen"), localcloud, wanted)
    try:
        stack.deploy()
        yield stack
    finally:
        down = stack.play("playbooks/teardown.yml", confirm=True)
    assert down.code == 0, down.text
    assert stack.instances() == []


def test_a_stack_of_debian_13_works_and_stays_as_it_is(thirteen: Stack, tmp_path: Path) -> None:
    [instance] = thirteen.instances()
    assert instance["ImageId"] == newest_debian(thirteen.client("ec2"), 13)["ImageId"]
    [version] = thirteen.on_workers("cat /etc/debian_version; python3 -V").values()
    assert version.startswith("13.")
    assert "Python 3.13" in version

    stats = thirteen.jobfleet("--json", "stats", "1", "2", "3")
    assert json.loads(stats.stdout)["result"]["mean"] == 2
    grey = thirteen.jobfleet("greyscale", str(PHOTO), "-o", str(tmp_path / "grey.jpg"))
    assert grey.returncode == 0, grey.stderr
    text = thirteen.jobfleet("text", str(PHOTO))
    assert text.returncode == 0, text.stderr
    page = thirteen.jobfleet("web", "--no-open")
    assert page.returncode == 0, page.stderr
    failed = thirteen.on_workers("systemctl --failed --no-legend --plain")
    assert set(failed.values()) == {""}
    # It takes what it does not know, and calls the boot degraded.
    seed = thirteen.on_workers("cloud-init schema --system 2>&1 | cut -c -300")
    assert all("rror" not in said for said in seed.values()), seed

    again = thirteen.deploy()
    assert again.changed == []


def test_its_workers_come_back_after_a_reboot(thirteen: Stack) -> None:
    [instance] = thirteen.instances()
    thirteen.client("ec2").reboot_instances(InstanceIds=[instance["InstanceId"]])

    wait_for(lambda: thirteen.jobfleet("stats", "1", "2").returncode == 0, 120)
