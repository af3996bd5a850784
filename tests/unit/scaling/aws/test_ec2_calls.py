"""`ec2-calls.json` describes calls as botocore itself does, only fewer of them."""

import json
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from jobfleet_scaling.aws.clients import EC2_CALLS, AwsClients

OURS: Mapping[str, Any] = json.loads(EC2_CALLS.read_text())


@pytest.fixture(scope="module")
def botocores() -> Mapping[str, Any]:
    loader = botocore.session.get_session().get_component("data_loader")
    found: Mapping[str, Any] = loader.load_service_model("ec2", "service-2")
    return found


def is_within(ours: Any, theirs: Any) -> bool:
    """Tell whether all that stands in one stands in the other too."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(
            name in theirs and is_within(value, theirs[name]) for name, value in ours.items()
        )
    return bool(ours == theirs)


@pytest.mark.parametrize("part", ["metadata", "operations", "shapes"])
def test_all_of_it_is_botocores(part: str, botocores: Mapping[str, Any]) -> None:
    different = [name for name in OURS[part] if not is_within(OURS[part][name], botocores[part].get(name))]
    assert different == []


def test_a_client_has_these_calls_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    clients = AwsClients("us-east-1")
    assert sorted(clients.ec2.meta.method_to_api_mapping.values()) == sorted(OURS["operations"])
    clients.forget()
