"""Where the lookup `aws_credentials` finds the workers' key."""

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader

from tests.places import REPOSITORY


@pytest.fixture
def lookup(monkeypatch: pytest.MonkeyPatch) -> Any:
    lookup_loader.add_directory(str(REPOSITORY / "plugins" / "lookup"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEDEPLOYER000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-deployer")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    return lookup_loader.get("aws_credentials")


def test_without_a_file_those_in_force_are_the_ones(lookup: Any) -> None:
    for terms in ([], [""]):
        [found] = lookup.run(terms, {})
        assert found["access_key"] == "AKIAOFTHEDEPLOYER000"


def test_a_file_s_key_is_the_one_and_need_not_have_a_token(lookup: Any, tmp_path: Path) -> None:
    file = tmp_path / "workers"
    file.write_text("[default]\naws_access_key_id = AKIAOFTHEWORKERS0000\naws_secret_access_key = theirs\n")

    [found] = lookup.run([str(file)], {})

    assert found == {"access_key": "AKIAOFTHEWORKERS0000", "secret_key": "theirs", "session_token": ""}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        ("", "holds no AWS credentials: it needs a section"),
        ("[other]\naws_access_key_id = A\naws_secret_access_key = b\n", "holds no AWS credentials"),
        ("[default]\naws_access_key_id = A\n", "aws_secret_access_key"),
        ("aws_secret_access_key = canary\n", "cannot be read"),
    ],
)
def test_a_file_without_a_key_is_an_error_and_never_the_deployer_s_key(
    lookup: Any, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "workers"
    if content is not None:
        file.write_text(content)

    with pytest.raises(AnsibleLookupError, match=said) as raised:
        lookup.run([str(file)], {})

    assert str(file) in str(raised.value)
    assert "canary" not in str(raised.value)
