"""Checks before a deployment that need no AWS; where one asks EC2, its answers are given."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.account.lab_limits import Load
from ansible.module_utils.fleet.launch_network import Network
from ansible.module_utils.fleet.plan import FleetPlan, InstanceGroup
from ansible.module_utils.fleet.region_facts import RegionFacts
from ansible.module_utils.preflight import checks as checks_module
from ansible.module_utils.preflight.checks import Checks
from ansible.module_utils.preflight.dry_runs import Stack, Wanted, calls_of
from botocore.session import Session

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(-5, ""), (0.5, "end in 0 min"), (9, "end in 9 min"), (11, ""), (240, ""), (None, "")],
)
def test_credentials_that_end_within_a_deployment_are_refused(
    credentials: Path, minutes: float | None, said: str
) -> None:
    lines = ["[default]", "aws_access_key_id = a", "aws_secret_access_key = b", "aws_session_token = c"]
    if minutes is not None:
        lines.append(f"aws_expiration = {NOW + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}")
    credentials.write_text("\n".join(lines))
    checks = Checks({"folder": "."}, "us-east-1", [])

    checks.of_life(Session(), NOW)

    assert len(checks.failures) == bool(said)
    assert said in "".join(checks.failures)


@pytest.mark.parametrize(("running", "refused"), [(1, 0), (0, 1)])
def test_the_network_is_no_matter_for_what_runs_already(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, running: int, refused: int
) -> None:
    """Its subnets give no public addresses any more; EC2's answers are given, as no host is to boot."""
    there = {"InstanceId": "i-1", "InstanceType": "t3.small", "State": {"Name": "running"}, "LaunchTime": 1}
    kind = {"ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}, "VCpuInfo": {"DefaultVCpus": 2}}
    closed = Network("vpc-1", {"r-1a": False}, {"t3.small": frozenset({"r-1a"})})
    ours = [{**there, "Tags": [{"Key": "jobfleet:group", "Value": "worker"}]}] * running
    facts = RegionFacts({"t3.small": kind}, closed, ours, "", frozenset({"mine"}))
    monkeypatch.setattr(checks_module, "look", lambda *_: facts)
    monkeypatch.setattr(checks_module, "load_of", lambda *_: Load({}, {"t3.small": 2}))
    monkeypatch.setattr(checks_module.vcpu_quota, "quota_of", lambda *_: 100.0)
    monkeypatch.setattr(Checks, "_of_permissions", lambda *_: None)
    params: dict[str, Any] = {
        "folder": str(tmp_path), "groups": [{"name": "worker", "count": 1, "type": "t3.small"}],
        "stack": "mine", "keypair": "mine", "keypair_replace": False, "lab_mode": "false",
        "lab_max_instances": 9, "scaling": {},
    }  # fmt: skip
    checks = Checks(params, "us-east-1", [])
    checks.of_settings("arn:aws:iam::123456789012:user/me")

    checks.of_ec2(None, lambda: None, {"firewall": {"firewall_name": "mine"}})

    assert len([text for text in checks.failures if "public address" in text]) == refused


def test_what_is_asked_for_has_the_tags_with_which_it_will_be_made() -> None:
    class Ec2:
        import_key_pair = create_security_group = run_instances = None

    stack = Stack(
        "mine",
        Wanted("key", {"CostCenter": 7}, is_there=False),
        {"worker": Wanted("group", {"Owner": "me"}, is_there=False)},
    )
    plan, groups = FleetPlan(), [InstanceGroup("worker", 0, "t3.small")]

    found = {call.name: call.options for call in calls_of(Ec2(), stack, plan, groups, {})}

    tagged = {name: options["TagSpecifications"][0]["Tags"] for name, options in found.items()}
    assert {"Key": "CostCenter", "Value": "7"} in tagged["ec2:ImportKeyPair"]
    assert {"Key": "Owner", "Value": "me"} in tagged["ec2:CreateSecurityGroup"]
    assert all({"Key": "jobfleet:stack", "Value": "mine"} in tags for tags in tagged.values())


@pytest.mark.parametrize(("counts", "refused"), [([0], False), ([], False), ([0, 1], True)])
def test_a_copy_that_ends_soon_stands_only_against_a_run_that_copies(
    credentials: Path, counts: list[int], refused: bool
) -> None:
    ends = f"aws_expiration = {NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    credentials.write_text(
        f"[default]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n{ends}\n"
    )
    groups = [{"name": f"g{at}", "count": count, "type": "t3.small"} for at, count in enumerate(counts)]
    settings = {"groups": groups, "lab_mode": "false", "lab_max_instances": 9, "scaling": {}}
    checks = Checks({"folder": ".", "copies_credentials": True, **settings}, "us-east-1", [])
    checks.of_settings("")

    checks.of_copy(Session(), NOW)

    assert ["nothing renews a copy" in text for text in checks.failures] == [True] * refused
