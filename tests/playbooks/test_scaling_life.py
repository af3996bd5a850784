"""A fleet goes from nothing to its maximum and back while people end its hosts: nothing is lost or left."""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import heartbeat_key

from tests.lab_profile import make_profile
from tests.nap_package import nap_package, naps
from tests.patience import patience, wait_for
from tests.places import REPOSITORY
from tests.playbooks.conftest import BIN, Stack

JOBS, SECONDS, MOST = 80, 5, 4
GROUP = "lively-worker"


@dataclass
class Life:
    """A stack of no host, and the clients with which people take its hosts away."""

    stack: Stack
    folder: Path
    autoscaling: Any
    ec2: Any
    s3: Any

    def group(self) -> dict[str, Any]:
        """Return what Auto Scaling tells of the group."""
        [found] = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])[
            "AutoScalingGroups"
        ]
        return dict(found)

    def working(self) -> list[str]:
        """Return the hosts in service whose workers were heard of."""
        there = [
            one["InstanceId"] for one in self.group()["Instances"] if one["LifecycleState"] == "InService"
        ]
        return [host for host in there if self.heartbeat(host)]

    def heartbeat(self, host: str) -> Heartbeat | None:
        """Return the last one of a host's worker."""
        [bucket] = [
            one["Name"] for one in self.s3.list_buckets()["Buckets"] if one["Name"].startswith("lively-")
        ]
        try:
            body = self.s3.get_object(Bucket=bucket, Key=heartbeat_key(host))["Body"].read().decode()
        except self.s3.exceptions.NoSuchKey:
            return None
        return Heartbeat.read(body)

    def launched(self) -> list[str]:
        """Return all hosts that the group has ever launched."""
        told = self.autoscaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
        words = "Launching a new EC2 instance: "
        return [
            one["Description"].removeprefix(words) for one in told if one["Description"].startswith(words)
        ]


@pytest.fixture
def life(localcloud: dict[str, str], hosts: object, tmp_path: Path) -> Iterator[Life]:
    make_profile(localcloud)
    variables = {
        "image_upgrade": False,
        "lab_mode": "true",
        "scaling": {"min": 0, "max": MOST, "window": 20, "clear": 20, "boot": 10},
        "worker_credentials": "instance_profile",
        "worker_operation_packages": [str(nap_package(tmp_path / "nap"))],
        "worker_wait_time": 2,
    }
    environment = {**localcloud, "XDG_STATE_HOME": str(tmp_path / "state")}
    stack = Stack("lively", tmp_path / "stack", environment, variables)
    clients = [stack.client(one) for one in ("autoscaling", "ec2", "s3")]
    try:
        stack.deploy()
        yield Life(stack, tmp_path, *clients)
    finally:
        gone = stack.play("playbooks/teardown.yml", confirm=True)
        for one in clients:
            one.close()
        assert gone.code == 0, gone.said


def test_a_burst_is_answered_whole_while_hosts_are_taken_away_and_nothing_runs_afterwards(life: Life) -> None:
    wait_for(lambda: life.group()["DesiredCapacity"] == 0, 180)
    begun = time.monotonic()
    # No host has run yet that could have said that it does this.
    one = str(naps(life.folder / "first", 1, 0))
    first = life.stack.jobfleet("--timeout", "120", "run", "nap", one, seconds=180)
    assert first.returncode == 0, first.stderr
    assert "this is what the next hosts will offer" in first.stderr
    assert "no worker runs; one is starting" in first.stderr

    files = naps(life.folder / "naps", JOBS, SECONDS)
    command = [
        str(BIN / "jobfleet"),
        "--stack",
        "lively",
        "--json",
        "--timeout",
        "300",
        "run",
        "nap",
        str(files),
    ]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **life.stack.environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        wait_for(lambda: len(life.working()) >= MOST - 1, 120)
        by_hand, by_console = life.working()[:2]
        life.ec2.terminate_instances(InstanceIds=[by_hand])
        life.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=by_console, ShouldDecrementDesiredCapacity=True
        )
        told, _ = client.communicate(timeout=patience(200))
    answered = time.monotonic() - begun
    wait_for(lambda: life.stack.instances() == [] and life.group()["Instances"] == [], 300)

    answers = {one["input"]: one for one in map(json.loads, told.splitlines()) if "input" in one}
    launched = life.launched()
    last = {host: life.heartbeat(host) for host in launched if host != by_hand}
    killed = [host for host, one in last.items() if one is None or not one.stopped or one.in_flight]
    print(  # noqa: T201 - the figures, shown by -s
        f"\n{JOBS} jobs of {SECONDS} s answered in {answered:.0f} s, 2 hosts taken away meanwhile; "
        f"{len(launched)} starts; attempts: {dict(Counter(one['attempt'] for one in answers.values()))}; "
        f"hosts with jobs in hand at their end: {len(killed)}"
    )
    assert (client.returncode, len(answers)) == (0, JOBS)
    assert {one["status"] for one in answers.values()} == {"succeeded"}
    assert killed == []
    assert 3 <= len(set(launched)) <= MOST + 2
    assert life.group()["DesiredCapacity"] == 0

    # Hosts that came and went leave a run nothing to do, and what they offered is known while none is there.
    assert life.stack.deploy().changed == []
    assert life.stack.jobfleet("run", "nap", "--help").returncode == 0
