"""Running playbooks as a person does, and reading what they did."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.localcloud_fixture import living_instances, over_ssh
from tests.patience import patience, wait_for
from tests.places import REPOSITORY

BIN = Path(sys.executable).parent

# A second base image would take the gate a minute or two of both cores, fleets that are harmed half an hour.
collect_ignore = [] if os.environ.get("JOBFLEET_SOAK") else ["test_debian_13.py", "test_scaling_mishaps.py"]


@dataclass(frozen=True)
class Outcome:
    """What one run of a playbook did. `tasks` holds every task's results by host, in order."""

    code: int
    tasks: list[tuple[str, dict[str, Any]]]
    stats: dict[str, dict[str, int]]
    text: str

    @property
    def changed(self) -> list[str]:
        """Names of the tasks that changed something on any host, without their roles' names."""
        return [
            name.rpartition(" : ")[2]
            for name, hosts in self.tasks
            if any(result.get("changed") for result in hosts.values())
        ]

    def differences(self, when: str) -> list[Any]:
        """Return what `--diff` showed of all that changed, `before` or `after`."""
        results = (result for _, hosts in self.tasks for result in hosts.values() if result.get("changed"))
        each = [one for result in results for one in result.get("results", [result])]
        shown = [one["diff"] for one in each if one.get("diff")]
        return [
            one[when] for diff in shown for one in (diff if isinstance(diff, list) else [diff]) if when in one
        ]

    @property
    def changes(self) -> int:
        """How many changes the recap counts over all hosts."""
        return sum(counts["changed"] for counts in self.stats.values())

    @property
    def said(self) -> str:
        """All messages of failed tasks and of assertions."""
        results = (result for _, hosts in self.tasks for result in hosts.values())
        return "\n".join(str(result["msg"]) for result in results if "msg" in result)


def read_report(output: str) -> dict[str, Any]:
    """Return the JSON report in what a playbook run printed; -v puts words around it."""
    start = output.find('{\n    "custom_stats"')
    if start < 0:  # it ended before the first play
        return {"plays": [], "stats": {}}
    report: dict[str, Any] = json.JSONDecoder().raw_decode(output, start)[0]
    return report


def descendants(process: int) -> list[int]:
    """Return the ids of a process's children, and of theirs."""
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it ended just now
            for child in map(int, path.read_text().split()):
                found += [child, *descendants(child)]
    return found


@dataclass
class Stack:
    """One stack on the embedded AWS; `variables` go to every playbook as `-e`."""

    name: str
    folder: Path
    environment: dict[str, str]
    variables: dict[str, Any] = field(default_factory=dict)

    def command(self, playbook: str, *arguments: str, **more: Any) -> tuple[str, ...]:
        """Return the words that run a playbook on this stack."""
        names = {"stack_name": self.name, "stack_folder": str(self.folder)}
        variables = json.dumps({**names, **self.variables, **more})
        return ("ansible-playbook", playbook, "--extra-vars", variables, *arguments)

    def play(self, playbook: str, *arguments: str, env: dict[str, str] | None = None, **more: Any) -> Outcome:
        """Run a playbook and return what it did; assert nothing."""
        done = self._run(
            *self.command(playbook, *arguments, **more),
            env={"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", **(env or {})},
            seconds=900,
        )
        report = read_report(done.stdout)
        tasks = [(task["task"]["name"], task["hosts"]) for play in report["plays"] for task in play["tasks"]]
        return Outcome(done.returncode, tasks, report["stats"], done.stdout + done.stderr)

    def kill_during(self, playbook: str, moment: Callable[[], Any]) -> None:
        """Run a playbook, and kill all of it once `moment` returns what is true."""
        command = self.command(playbook)
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=REPOSITORY,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(moment, 600)
            assert process.poll() is None, "it was done before it could be killed"
        finally:
            # Ansible's own processes leave the group of the first.
            for one in [process.pid, *descendants(process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            process.wait()

    def deploy(self, *arguments: str, **more: Any) -> Outcome:
        """Run site.yml, which has to succeed."""
        outcome = self.play("site.yml", *arguments, **more)
        assert outcome.code == 0, outcome.said or outcome.text
        return outcome

    def jobfleet(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the client as a person does."""
        return self._run("jobfleet", "--stack", self.name, *arguments, seconds=seconds)

    def on_workers(self, command: str) -> dict[str, str]:
        """Run a shell command as root on every running worker; return what each printed, by instance id."""
        running = [one for one in self.instances() if one["State"]["Name"] == "running"]
        with ThreadPoolExecutor() as threads:
            printed = threads.map(lambda one: self._on_host(one["PublicIpAddress"], command), running)
            return {one["InstanceId"]: text for one, text in zip(running, printed, strict=True)}

    def _on_host(self, address: str, command: str) -> str:
        """Run a shell command as root on a host, which has to show the stack's key."""
        as_root = f"sudo sh -c {shlex.quote(command)}"
        key, known_hosts = self.folder / "id_ed25519", self.folder / "known_hosts"
        alias = f"HostKeyAlias={self.name}.jobfleet"
        return over_ssh(address, as_root, key, known_hosts, (alias,)).rstrip("\n")

    def client(self, service: str) -> Any:
        """Return a boto3 client with the stack's credentials."""
        session = boto3.session.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.environment["AWS_SESSION_TOKEN"],
            region_name=self.environment["AWS_REGION"],
        )
        return session.client(service, endpoint_url=self.environment["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]

    def instances(self) -> list[dict[str, Any]]:
        """Return the stack's instances that are not terminated."""
        states = ["pending", "running", "stopping", "stopped"]
        return self._instances({"tag:jobfleet:stack": [self.name], "instance-state-name": states})

    def running_in_region(self) -> int:
        """Return how many instances run or boot in the region, whoever made them."""
        return len(self._instances({"instance-state-name": ["pending", "running"]}))

    def _instances(self, wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
        filters = [{"Name": name, "Values": values} for name, values in wanted.items()]
        ec2 = self.client("ec2")
        reservations = ec2.describe_instances(Filters=filters)["Reservations"]
        ec2.close()
        return [instance for reservation in reservations for instance in reservation["Instances"]]

    def _run(
        self, *command: str, env: dict[str, str] | None = None, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=REPOSITORY,
            env={**os.environ, **self.environment, **(env or {})},
            capture_output=True,
            text=True,
            timeout=patience(seconds),
            stdin=subprocess.DEVNULL,
            check=False,
        )


class Deployed:
    """The stack that tests share. Each gets it as `site.yml` makes it, whatever the one before has done."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._variables: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The stack's name."""
        return self._stack.name

    @contextmanager
    def lend(self, test: pytest.Item, **variables: Any) -> Iterator[Stack]:
        """Hand the stack to a test as `site.yml` makes it with these variables; run it if need be."""
        failed_before = test.session.testsfailed
        if self._variables != variables:
            self._variables = None
            self._stack.deploy(**variables)
            self._variables = variables
        yield self._stack
        if test.get_closest_marker("changes_stack") or test.session.testsfailed > failed_before:
            self._variables = None

    def end(self) -> None:
        """Terminate the stack's instances; a test that is lent it later finds it made anew."""
        self._variables = None
        with closing(self._stack.client("ec2")) as ec2:
            if found := [instance["InstanceId"] for instance in self._stack.instances()]:
                ec2.terminate_instances(InstanceIds=found)
            wait_for(lambda: not living_instances(ec2) & set(found), 60)

    def is_left_with(self, **variables: Any) -> None:
        """Take note that a test leaves the stack as `site.yml` makes it with these variables."""
        self._variables = variables


_DEPLOYED = pytest.StashKey[Deployed]()


@pytest.fixture(scope="session")
def deployed_stack(
    localcloud: dict[str, str],
    hosts: object,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Deployed:
    """The shared stack. `hosts` makes sure that hosts can be booted; they end after the last test here."""
    # A worker stops within its long poll; a short one spares waiting at every restart.
    stack = Stack("fleet", tmp_path_factory.mktemp("a fleet "), localcloud, {"worker_wait_time": 2})
    made = request.session.stash[_DEPLOYED] = Deployed(stack)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """End the shared stack's hosts where other tests go on with this process's cloud: they count hosts."""
    yield
    made = item.session.stash.get(_DEPLOYED, None)
    if made and nextitem and nextitem.path.parent != item.path.parent:
        made.end()


@pytest.fixture
def stack(deployed_stack: Deployed, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack of one worker. A test that does not put back what it changes is marked `changes_stack`."""
    with deployed_stack.lend(request.node) as lent:
        yield lent
