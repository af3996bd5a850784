"""Garbled credentials before a playbook: it fails with one sentence, and shows nothing of them.

ansible-playbook runs as a person runs it, before an AWS that refuses everything and quotes what it was sent.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.echoing_aws import BLOCK, BROKEN, CANARIES, KEYS, SECRET, TOKEN, EchoingAws
from tests.patience import patience
from tests.places import REPOSITORY

SSO = "[default]\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\nsso_start_url = https://x\n"
PROGRAM = f"[default]\ncredential_process = {sys.executable} -c 'exit(\"{SECRET}\")'\n"

# ~/.aws/credentials, ~/.aws/config, the environment, and what is said.
KINDS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "broken token": ("", "", {**KEYS, "AWS_SESSION_TOKEN": BROKEN}, "AWS_SESSION_TOKEN in the environment"),
    "carriage return": ("", "", {**KEYS, "AWS_SESSION_TOKEN": f"{TOKEN}\r"}, "does not take the credentials"),
    "twice": (BLOCK * 2, "", {}, "line 5 begins [default] a second time"),
    "a value in two lines": (BLOCK.replace(TOKEN, BROKEN), "", {}, "aws_session_token has a line break"),
    "a program that fails": ("", PROGRAM, {}, "failed with exit code 1, and says: <hidden>"),
    "no sign-on": ("", SSO, {}, "`aws sso login --profile default`"),
}


def status(home: Path, aws: EchoingAws, **more: str) -> tuple[int, str]:
    """Run playbooks/status.yml; return its exit code and all that was printed, on one line."""
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [playbook, "playbooks/status.yml", "-vvv"],
        cwd=REPOSITORY,
        env={**os.environ, "HOME": str(home), "AWS_ENDPOINT_URL": aws.url, "AWS_MAX_ATTEMPTS": "1", **more},
        capture_output=True,
        text=True,
        timeout=patience(120),
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("kind", KINDS)
def test_a_playbook_says_what_is_wrong_and_shows_nothing(tmp_path: Path, kind: str) -> None:
    credentials, config, environment, words = KINDS[kind]
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(credentials)
    (tmp_path / ".aws" / "config").write_text(config)

    with EchoingAws.serving() as aws:
        code, said = status(tmp_path, aws, **environment)

    assert code == 2, said
    assert words in said
    assert [canary for canary in CANARIES if canary in said] == []
