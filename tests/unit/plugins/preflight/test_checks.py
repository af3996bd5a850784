"""Checks before a deployment that need no AWS."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible.module_utils.preflight.checks import Checks
from botocore.session import Session

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credentials file that is the only source."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return path


@pytest.mark.parametrize(
    ("minutes", "said"), [(-5, "end in 0 min"), (9, "end in 9 min"), (11, ""), (240, ""), (None, "")]
)
def test_credentials_that_end_within_a_deployment_are_refused(
    credentials: Path, minutes: int | None, said: str
) -> None:
    lines = ["[default]", "aws_access_key_id = a", "aws_secret_access_key = b", "aws_session_token = c"]
    if minutes is not None:
        lines.append(f"aws_expiration = {NOW + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}")
    credentials.write_text("\n".join(lines))
    checks = Checks({"folder": "."}, "us-east-1", [])

    checks.of_life(Session(), NOW)

    assert len(checks.failures) == bool(said)
    assert said in "".join(checks.failures)
