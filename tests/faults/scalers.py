"""Scaler processes at a stack, each with a key of its own, so that its calls are known by it."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY, SCALING_LOG, SCALING_STATE_KEY
from jobfleet_scaling.documents.configuration import PLAIN, HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine, read_lines
from jobfleet_scaling.documents.state import ScalingState

from tests.faults.calls import Answer, Call, Forward
from tests.faults.harness import Stack
from tests.faults.processes import Worker
from tests.localcloud_fixture import new_key
from tests.places import REPOSITORY

# Nobody has such a template: each launch is a call that EC2 refuses, and no host boots for it.
NO_TEMPLATE = "there-is-none"


@dataclass
class ScalerProcess(Worker):
    """A scaler as a process; `token` is its key's."""

    who: str = ""
    token: str = ""


@dataclass
class Scalers:
    """The scalers of a stack that always lacks a host, so that whoever decides tries to launch one."""

    stack: Stack
    running: list[ScalerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        group = HostGroup("workers", NO_TEMPLATE, "1", type="t3.micro")
        self.configure(ScalingConfiguration(1, 2, [group], mode=PLAIN))

    def configure(self, made: ScalingConfiguration) -> None:
        """Publish how the stack scales."""
        self.stack.s3.put_object(
            Bucket=self.stack.bucket, Key=SCALING_CONFIGURATION_KEY, Body=made.to_json().encode()
        )

    def start(self, who: str) -> ScalerProcess:
        """Start one."""
        stack, key = self.stack, new_key(self.stack.cloud)
        values = {
            "stack": stack.name, "region": stack.cloud["AWS_REGION"], "bucket": stack.bucket,
            "request_queue": stack.names.requests, "endpoint_url": stack.proxy.url, "instance_id": who,
            "worker": False,
        }  # fmt: skip
        config = stack.folder / f"{who}.toml"
        config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        own = {name: key[name] for name in key if name.startswith("AWS_") and "ENDPOINT" not in name}
        environment = {**stack.environment(), **own}
        del environment["AWS_SHARED_CREDENTIALS_FILE"]
        path = config.with_suffix(".log")
        with path.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.quick_scaler", "--config", str(config)],
                cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        one = ScalerProcess(process, path, who, key["AWS_SESSION_TOKEN"])
        self.running.append(one)
        stack.workers.append(one)
        return one

    def state(self) -> ScalingState:
        """Return the common state; an empty one as long as there is none."""
        try:
            found = self.stack.object(SCALING_STATE_KEY)
        except self.stack.s3.exceptions.NoSuchKey:
            return ScalingState()
        return ScalingState.read(found)

    def until_leads(self, one: ScalerProcess, seconds: float = 60) -> None:
        """Wait until one holds the lease and has tried to launch a host."""
        before = len(self.launches(one))
        self.stack.until(
            lambda: self.state().holder == one.who and len(self.launches(one)) > before,
            seconds,
            f"{one.who} leads",
        )

    def launches(self, one: ScalerProcess) -> list[Call]:
        """Return the calls by which one tried to launch a host."""
        calls = list(self.stack.proxy.calls)
        return [call for call in calls if call.token == one.token and b"Action=RunInstances" in call.body]

    def reads(self, one: ScalerProcess) -> int:
        """Return how often one has read the common state."""
        name = f"GET {SCALING_STATE_KEY}"
        return sum(call.token == one.token and call.name == name for call in list(self.stack.proxy.calls))

    def lines(self) -> list[ScalingLine]:
        """Return the log as it lies in the bucket."""
        keys = self.stack.keys(SCALING_LOG)
        return [line for key in keys for line in read_lines(self.stack.object(key))]


def freeze_at_write(one: ScalerProcess) -> Any:
    """Return a fault that stops a process between what it wrote and what it does by that."""

    def act(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        if call.token == one.token:
            one.process.send_signal(signal.SIGSTOP)
        return answer

    return act
