"""A fleet of no host on hosts of its own, bursts of jobs to it, and what came of them."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.names import INCOMING, SCALING_LOG, SCALING_STATE_KEY
from jobfleet_scaling.documents.scaling_line import ScalingLine, read_lines
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_scaling.fleet.tags import SCALED_TAG

from localcloud.door.call_log import read_calls
from localcloud.hosts.cgroups import Group
from localcloud.state import RunFolder
from tests.localcloud_fixture import localcloud_command
from tests.nap_package import naps
from tests.patience import patience, wait_for
from tests.places import REPOSITORY
from tests.playbooks.conftest import BIN, Stack

# How long a burst may take, with all that happens to it; hosts of a machine that does much else boot slowly.
BURST_SECONDS = 600.0

_LAUNCHED = "Launching a new EC2 instance: "


@dataclass(frozen=True)
class Outcome:
    """What came of `jobs`: `seconds` to the last answer, hosts started, jobs lost, hosts left at the end.

    `again` jobs were begun more than once. `strays` are decisions of a scaler after another took over.
    """

    name: str
    jobs: int
    seconds: float
    starts: int
    lost: int
    left: int
    again: int
    strays: int
    seen: str = ""

    def row(self) -> str:
        """Return it as a row of the table in docs/scaling.md."""
        numbers = (self.jobs, round(self.seconds), self.starts, self.again, self.lost, self.left, self.strays)
        return f"| {self.name} | {' | '.join(map(str, numbers))} | {self.seen} |"


@dataclass
class Burst:
    """Jobs under way; `answers` once it is over, by the names of their files."""

    client: "subprocess.Popen[str]"
    jobs: int
    begun: float
    launched_before: int
    seconds: float = 0.0
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def under_way(self) -> bool:
        """Tell whether answers are still waited for."""
        return self.client.poll() is None


@dataclass
class ScaledFleet:
    """A stack whose workers scale from none, and what it is looked at and harmed with."""

    stack: Stack
    folder: Path
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self.clients:
            self.clients[service] = self.stack.client(service)
        return self.clients[service]

    def close(self) -> None:
        """Close all clients."""
        for one in self.clients.values():
            one.close()

    # -- what there is --------------------------------------------------------------------------------

    @property
    def group(self) -> str:
        """The name of its Auto Scaling group."""
        return f"{self.stack.name}-worker"

    @property
    def bucket(self) -> str:
        """The name of its bucket."""
        return f"{self.stack.name}-123456789012-us-east-1"

    def hosts(self) -> list[str]:
        """Return the ids of the hosts that are there, stopped ones too."""
        return [one["InstanceId"] for one in self.stack.instances()]

    def scaled(self) -> list[str]:
        """Return those that scale."""
        return [
            one["InstanceId"]
            for one in self.stack.instances()
            if any(tag["Key"] == SCALED_TAG for tag in one["Tags"])
        ]

    def state(self) -> ScalingState:
        """Return the scalers' common state."""
        s3 = self.client("s3")
        try:
            return ScalingState.read(s3.get_object(Bucket=self.bucket, Key=SCALING_STATE_KEY)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return ScalingState()

    def now(self) -> datetime:
        """Return the time by the bucket's clock, which the log goes by."""
        answer = self.client("s3").head_bucket(Bucket=self.bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def lines(self, since: datetime) -> list[ScalingLine]:
        """Return the log of all scalers since a time, as it lies in the bucket."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=SCALING_LOG)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        found = [line for key in keys for line in read_lines(self._body(key))]
        return sorted((line for line in found if line.at >= since), key=lambda line: line.at)

    def running(self) -> int:
        """Return how many hosts run."""
        return sum(one["State"]["Name"] == "running" for one in self.stack.instances())

    def desired(self) -> int:
        """Return how many hosts its group wants."""
        return int(self._described().get("DesiredCapacity", 0))

    def is_asleep(self) -> bool:
        """Tell whether no host is there or wanted."""
        told = self._described()
        return not (self.hosts() or told.get("Instances") or told.get("DesiredCapacity"))

    def launched(self) -> list[str]:
        """Return all hosts that the group has ever launched."""
        if not self._described():
            return []
        pages = self.client("autoscaling").get_paginator("describe_scaling_activities")
        told = [
            one["Description"]
            for page in pages.paginate(AutoScalingGroupName=self.group)
            for one in page["Activities"]
        ]
        return [one.removeprefix(_LAUNCHED) for one in told if one.startswith(_LAUNCHED)]

    def launched_since(self, burst: Burst) -> int:
        """Return how many hosts were launched since a burst was sent; none of a group that is gone."""
        return max(0, len(self.launched()) - burst.launched_before)

    def refused(self, code: str) -> int:
        """Return how many calls have been refused with a code."""
        calls = Path(self.stack.environment["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return sum(row["refused"] == code for row in read_calls(calls))

    def _described(self) -> dict[str, Any]:
        found = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        return dict(next(iter(found["AutoScalingGroups"]), {}))

    def _body(self, key: str) -> bytes:
        return bytes(self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    # -- what is done ---------------------------------------------------------------------------------

    def sleep(self, seconds: float = 600.0) -> None:
        """Wait until no host is there."""
        wait_for(self.is_asleep, seconds)

    def send(self, jobs: int, seconds: float) -> Burst:
        """Send jobs that take so many `seconds` each, by a client that waits for their answers."""
        files = naps(self.folder / f"burst-{time.time_ns()}", jobs, seconds)
        before, limit = len(self.launched()), str(round(patience(BURST_SECONDS)))
        command = ["--stack", self.stack.name, "--json", "--timeout", limit, "run", "nap", str(files)]
        return Burst(
            subprocess.Popen(
                [str(BIN / "jobfleet"), *command],
                cwd=REPOSITORY,
                env={**os.environ, **self.stack.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ),
            jobs,
            time.monotonic(),
            before,
        )

    def drop(self, name: str, files: int, seconds: float) -> list[str]:
        """Put files into the drop folder, as whoever knows nothing of jobfleet; return their keys."""
        keys = [f"{INCOMING}nap/{name}-{time.time_ns()}-{number}.txt" for number in range(files)]
        for number, key in enumerate(keys):
            body = f"{seconds + number / 1e6:.6f}".encode()
            self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return keys

    def outcome(self, key: str) -> str:
        """Return what became of a dropped file; empty as long as nothing did."""
        told = self.client("s3").get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"]
        return next((tag["Value"] for tag in told if tag["Key"] == "jobfleet:outcome"), "")

    def finish(self, burst: Burst) -> None:
        """Wait for the last answer."""
        told, _ = burst.client.communicate(timeout=patience(BURST_SECONDS + 60))
        burst.seconds = time.monotonic() - burst.begun
        lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        burst.answers = {
            one["input"]: one for one in lines if "input" in one and one["status"] == "succeeded"
        }

    def cloud(self, *arguments: str) -> str:
        """Run a command of localcloud on this fleet's cloud, and return what it said."""
        done = localcloud_command(*arguments, run=Path(self.stack.environment["LOCALCLOUD_RUN"]))
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def signal(self, host: str, which: int) -> int:
        """Send a signal to all processes of a host; return to how many."""
        cloud = RunFolder(Path(self.stack.environment["LOCALCLOUD_RUN"])).cloud
        pids = Group(f"localcloud-{cloud}/{host}").pids()
        for pid in pids:
            os.kill(pid, which)
        return len(pids)

    @contextmanager
    def throttled(self, calls: dict[str, str]) -> Iterator[None]:
        """Have calls refused with the codes that AWS throttles them with, until this is left."""
        for action, code in calls.items():
            self.cloud("refuse", action, "--times", "1000000", "--code", code)
        try:
            yield
        finally:
            for action in calls:
                self.cloud("refuse", action, "--times", "0")


def measured(
    fleet: ScaledFleet,
    name: str,
    jobs: int,
    seconds: float,
    mishap: Callable[[Burst], str],
    *,
    plain: bool = False,
    sleeps: bool = True,
) -> Outcome:
    """Send a burst to a fleet, let the mishap happen to it, and return what came of both.

    Before, it has to sleep unless it is `plain`; afterwards, it has to if it `sleeps`.
    """
    if not plain:
        fleet.sleep()
    begun = fleet.now()
    burst = fleet.send(jobs, seconds)
    try:
        seen = mishap(burst)
        fleet.finish(burst)
    finally:
        if burst.under_way():
            burst.client.kill()
            burst.client.communicate()
    if sleeps:
        fleet.sleep()
    again = sum(int(one.get("attempt") or 1) > 1 for one in burst.answers.values())
    left = len(fleet.hosts()) if sleeps else len(fleet.scaled())
    return Outcome(
        name, jobs, burst.seconds, fleet.launched_since(burst), jobs - len(burst.answers), left, again,
        strays(fleet.lines(begun)), seen,
    )  # fmt: skip


def strays(lines: list[ScalingLine]) -> int:
    """Return how many decisions were made by a scaler after another one took over."""
    leader, found = "", 0
    # Whoever takes over says so before it decides, at the same time.
    for line in sorted(lines, key=lambda line: (line.at, line.event != "took-over")):
        if line.event == "took-over":
            leader = line.who
        found += line.event == "decided" and leader not in ("", line.who)
    return found
