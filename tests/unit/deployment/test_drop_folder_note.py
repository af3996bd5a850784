"""The role `status` says that the drop folder takes a while where that is so, by Ansible itself; no AWS."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patience
from tests.places import REPOSITORY


@pytest.mark.parametrize(
    ("endpoint", "is_new", "said"),
    [
        ("", "true", True),
        ("https://aws.example.org", "true", True),
        ("http://127.0.0.1:5000", "true", False),
        ("http://localhost:5000", "true", False),
        ("http://[::1]:5000", "true", False),
        ("", "false", False),
    ],
)
def test_only_where_s3_has_just_been_told_and_is_no_embedded_one(
    endpoint: str, is_new: str, said: bool
) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "ansible", "localhost", "-i", "localhost,"),
            *("-m", "ansible.builtin.include_role", "-a", "name=status tasks_from=drop_folder"),
            *("-e", f'{{"bucket_events_new": {is_new}}}'),
        ],
        cwd=REPOSITORY,
        env={**os.environ, "AWS_ENDPOINT_URL": endpoint},
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("The drop folder works in about five minutes" in done.stdout) is said, done.stdout
    assert "Warning" not in done.stderr
