"""A client in the test's own process, with keys and a state of its own."""

from pathlib import Path
from typing import Any

import pytest
from jobfleet import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(stack: Any, environment: None) -> Settings:
    return Settings(stack.name, "us-east-1", endpoint_url=stack.front.url)
