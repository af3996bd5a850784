"""The web tier's way to a stack, in the test's own process, with keys of its own."""

from pathlib import Path
from typing import Any

import pytest
from jobfleet_web.settings import WebSettings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def web_settings(stack: Any, environment: None) -> WebSettings:
    return WebSettings(
        stack.name, "us-east-1", stack.bucket, token_file="", open_to_all_without_token=True,
        endpoint_url=stack.front.url,
    )  # fmt: skip
