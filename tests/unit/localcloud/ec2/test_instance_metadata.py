"""When an instance's keys are renewed. The instance is a stand-in: a real one takes a host and six hours."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.ec2 import instance_metadata
from localcloud.ec2.instance_metadata import InstanceMetadata, RoleKeys
from localcloud.iam import keyring as credentials
from localcloud.iam.keyring import Keyring

PATH = "/latest/meta-data/iam/security-credentials/LabRole"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that the test sets."""
    one = SimpleNamespace(now=1_000_000.0)
    for module in (credentials, instance_metadata):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: one.now))
    return one


def key_id(metadata: InstanceMetadata) -> str:
    return str(json.loads(metadata.metadata(PATH) or "")["AccessKeyId"])


def metadata_of(
    keyring: Keyring, role_seconds: float, monkeypatch: pytest.MonkeyPatch, role_delay: float = 0
) -> InstanceMetadata:
    profile = SimpleNamespace(iam_instance_profile=SimpleNamespace(roles=[SimpleNamespace(name="LabRole")]))
    backend = SimpleNamespace(account_id="1", iam_instance_profile_associations={"i-1": profile})
    instance: Any = SimpleNamespace(
        id="i-1", ec2_backend=backend, launch_time=datetime.fromtimestamp(1_000_000, UTC).replace(tzinfo=None)
    )
    metadata = InstanceMetadata(instance, RoleKeys(keyring, role_seconds, role_delay))
    monkeypatch.setattr(metadata, "_tree", dict)
    return metadata


@pytest.mark.parametrize(("life", "kept", "renewed"), [(21_600, 21_299, 21_301), (10, 4, 6)])
def test_the_next_key_is_there_before_the_old_one_dies(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, life: int, kept: int, renewed: int
) -> None:
    keyring, start = Keyring(), clock.now
    metadata = metadata_of(keyring, life, monkeypatch)
    first = key_id(metadata)

    clock.now = start + kept
    assert key_id(metadata) == first
    clock.now = start + renewed
    second = key_id(metadata)

    assert second != first
    old = keyring.find(first)
    assert old is not None
    assert not old.is_dead(), "who still has the old one can go on for a while"


def test_an_instance_that_has_just_started_may_have_no_key_yet(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata, start = metadata_of(Keyring(), 21_600, monkeypatch, role_delay=20), clock.now

    clock.now = start + 19
    assert metadata.metadata(PATH) is None
    clock.now = start + 21
    assert key_id(metadata)


def test_a_key_that_died_with_the_session_is_replaced(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring()
    metadata = metadata_of(keyring, 21_600, monkeypatch)
    first = key_id(metadata)

    keyring.expire()

    assert key_id(metadata) != first
