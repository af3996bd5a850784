"""A web tier with its stack: the embedded AWS, one worker, and `jobfleet-web` on loopback."""

import json
import os
import secrets
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.names import StackNames

from tests.patience import patience, wait_for
from tests.places import REPOSITORY
from tests.ports import ADDRESS, claimed_port

ACCOUNT = "123456789012"


@dataclass
class Site:
    """Queues, a bucket, a worker and a web host's process; `url` is where a browser finds it.

    `web_cloud` is what the web host's process has of `cloud` instead, such as a key of its own.
    """

    cloud: dict[str, str]
    sqs: Any
    s3: Any
    folder: Path
    name: str = field(default_factory=lambda: f"b{uuid.uuid4().hex[:8]}")
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    url: str = ""
    web_cloud: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = StackNames(self.name)
        self.bucket = self.names.bucket(ACCOUNT, self.cloud["AWS_REGION"])
        self.s3.create_bucket(Bucket=self.bucket)
        for queue in (self.names.dead_letters, self.names.responses):
            self.sqs.create_queue(QueueName=queue)
        arn = f"arn:aws:sqs:{self.cloud['AWS_REGION']}:{ACCOUNT}:{self.names.dead_letters}"
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
        self.sqs.create_queue(QueueName=self.names.requests, Attributes={"RedrivePolicy": redrive})
        (self.folder / "token").write_text(self.token)
        self.worker = self._start("jobfleet_worker", {}, "--config", str(self._worker_settings()))
        self.start()

    @property
    def credentials(self) -> dict[str, str]:
        """What a browser answers when it is asked who it is."""
        return {"username": "anybody", "password": self.token}

    def start(self) -> None:
        """Start the web host, on its old port if it had one."""
        bind = self.url.removeprefix("http://") or f"{ADDRESS}:{claimed_port()}"
        settings = self._settings_file(
            "web", **self._common(), token_file=str(self.folder / "token"), prefixes=["/cluster1"]
        )
        self.web = self._start("jobfleet_web", self.web_cloud, "--config", str(settings), "--bind", bind)
        said = self.folder / "jobfleet_web.out"
        found = wait_for(lambda: said.read_text().partition("\n")[0], 30, said.read_text)
        self.url = found.strip()

    def kill_web(self) -> None:
        """End the web host's process as a lost host does."""
        self.web.kill()
        self.web.wait(patience(10))

    def close(self) -> None:
        """End all processes, without their goodbyes: the stack goes with them."""
        for process in (self.web, self.worker):
            process.kill()
            process.wait(patience(10))

    def _common(self) -> dict[str, Any]:
        return {
            "stack": self.name, "region": self.cloud["AWS_REGION"], "bucket": self.bucket,
            "endpoint_url": self.cloud["AWS_ENDPOINT_URL"],
        }  # fmt: skip

    def _worker_settings(self) -> Path:
        return self._settings_file(
            "worker", **self._common(), request_queue=self.names.requests,
            response_queue=self.names.responses, dead_letter_queue=self.names.dead_letters,
            worker_id="w1", wait_time=1, processes=1, spool=str(self.folder / "spool"),
        )  # fmt: skip

    def _settings_file(self, name: str, **values: Any) -> Path:
        path = self.folder / f"{name}.toml"
        path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
        return path

    def _start(self, module: str, cloud: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
        with (
            (self.folder / f"{module}.out").open("wb") as out,
            (self.folder / f"{module}.err").open("wb") as err,
        ):
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=REPOSITORY, env={**self._environment, **cloud}, stdout=out, stderr=err,
            )  # fmt: skip

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.cloud, "STATE_DIRECTORY": str(self.folder)}
