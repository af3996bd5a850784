"""Files of AWS's that hold nonsense, on a machine with no other credentials."""

import json
from hashlib import sha1
from pathlib import Path

import pytest
from botocore.credentials import SSOProvider
from jobfleet.aws.credentials_source import find_keys
from jobfleet.errors import NoCredentials


@pytest.mark.parametrize("end", ["soon", "2099-01-02T03:04:05", 5, "9" * 30])
def test_a_sign_on_that_ends_at_no_time_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str | int
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile lab]\nsso_start_url = https://x\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = x\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    name = sha1(b"https://x", usedforsecurity=False).hexdigest()
    (tmp_path / f"{name}.json").write_text(json.dumps({"accessToken": "x", "expiresAt": end}))

    with pytest.raises(NoCredentials, match="the AWS credentials cannot be used"):
        find_keys("lab")
