"""A garbled credentials file that is not in use stands in nobody's way; AWS is not asked."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.actions import action, run

QUOTED = '[old]\naws_access_key_id = "AKIAEXAMPLE123456789"\naws_secret_access_key = s\n'
IN_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE123456789", "AWS_SECRET_ACCESS_KEY": "s"}


def repair(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, **environment: str) -> dict[str, Any]:
    """Return what the module answers where the file has this text."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    file = folder / "credentials"
    file.write_text(text)
    answer = run(
        action("lab_credentials"),
        {"file": "", "folder": str(folder), "region": "us-east-1"},
        name="lab_credentials",
        environment={"AWS_SHARED_CREDENTIALS_FILE": str(file), **environment},
    )
    assert file.read_text() == text
    return answer


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        (QUOTED, {}),  # the profile in force may be one of ~/.aws/config, with single sign-on or a program
        (QUOTED, {"AWS_PROFILE": "sso"}),
        (QUOTED, IN_ENVIRONMENT),
        (QUOTED.replace("old", "default"), IN_ENVIRONMENT),
        (f"{QUOTED}[default]\naws_access_key_id = AKIAEXAMPLE123456789\naws_secret_access_key = s\n", {}),
    ],
)
def test_a_quoted_value_that_is_not_in_use_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, environment: dict[str, str]
) -> None:
    answer = repair(tmp_path, monkeypatch, text, **environment)

    assert (answer.get("failed", False), answer["changed"]) == (False, False), answer


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        (QUOTED.replace("s\n", '"\n'), {"AWS_PROFILE": "old"}),
        ("aws_access_key_id = half\n", {}),
        ("aws_access_key_id = half\n", IN_ENVIRONMENT),  # botocore reads the file with these, too
    ],
)
def test_what_is_in_use_and_cannot_be_repaired_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, environment: dict[str, str]
) -> None:
    assert "cannot be used" in repair(tmp_path, monkeypatch, text, **environment)["msg"]
