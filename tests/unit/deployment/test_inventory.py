"""The inventory derives the very names that `jobfleet_jobs.protocol.names` derives."""

import json
import os
import subprocess
import sys
from pathlib import Path

from jobfleet_jobs.protocol.names import StackNames

from tests.patience import patience
from tests.places import REPOSITORY


def test_the_playbooks_and_the_code_derive_the_same_names() -> None:
    variables = {
        "requests": "queues_requests_name",
        "responses": "queues_responses_name",
        "dead_letters": "queues_dead_letter_name",
        "replies_prefix": "queues_replies_prefix",
        "bucket": "bucket_name",
    }
    template = json.dumps({name: f"{{{{ {variable} }}}}" for name, variable in variables.items()})
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "ansible", "localhost", "-m", "ansible.builtin.debug"),
            *("-a", json.dumps({"msg": template})),
            *("-e", json.dumps({"stack_name": "a-stack", "account_id": "210987654321"})),
            *("-e", json.dumps({"aws_region": "us-west-2"})),
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            # Nothing listens there: the names need no AWS.
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        },
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    message = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]["msg"]
    derived = json.loads(message) if isinstance(message, str) else message

    names = StackNames("a-stack")
    assert derived == {
        "requests": names.requests,
        "responses": names.responses,
        "dead_letters": names.dead_letters,
        "replies_prefix": names.replies_prefix,
        "bucket": names.bucket("210987654321", "us-west-2"),
    }
