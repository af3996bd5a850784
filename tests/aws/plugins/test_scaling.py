"""The module that makes a fleet scale: what it makes, puts back, shows and removes; no host boots here."""

import base64

import pytest
from jobfleet_jobs.protocol.names import SCALING_STATE_KEY
from jobfleet_scaling.documents.state import ScalingState

from tests.localcloud_fixture import new_key
from tests.scaling_account import GROUPS, ScalingAccount, suspended


@pytest.fixture
def account(account_that_scales: ScalingAccount) -> ScalingAccount:
    """The account, under a short name."""
    return account_that_scales


def test_all_of_it_is_made_once_and_only_told_of_in_check_mode(account: ScalingAccount) -> None:
    told = account.scaling(check=True)
    assert account.groups() == {}
    made = account.scaling()
    again = account.scaling()

    assert not made.get("failed"), made["msg"]
    assert told["mended"] != []
    assert set(told["mended"]) <= set(made["mended"])
    assert (made["changed"], made["mode"]) == (True, "groups")
    assert (again["changed"], again["mended"], again["diff"]) == (False, [], [])
    # The user data hold the hosts' private key.
    assert "secret" not in str(told) + str(made)
    assert base64.b64encode(b"#cloud-config\nsecret: very").decode() not in str(told) + str(made)
    groups = account.groups()
    assert {name: (one["MinSize"], one["MaxSize"]) for name, one in groups.items()} == {
        "mine-worker": (0, 5),
        "mine-big": (0, 1),
    }
    assert account.templates() == {"mine-worker": [1], "mine-big": [1]}
    assert account.configuration()["groups"][0] == {
        "name": "worker", "template": "mine-worker", "version": "1", "scaling_group": "mine-worker",
        "weight": 3, "type": "t3.small", "zone": "",
    }  # fmt: skip


def test_a_group_lets_its_hosts_drain_and_the_scaler_alone_pick_them(account: ScalingAccount) -> None:
    account.scaling()

    group = account.groups()["mine-worker"]
    [hook] = account.clients["autoscaling"].describe_lifecycle_hooks(AutoScalingGroupName="mine-worker")[
        "LifecycleHooks"
    ]
    assert (hook["LifecycleHookName"], hook["DefaultResult"]) == ("jobfleet-drain", "CONTINUE")
    assert group["NewInstancesProtectedFromScaleIn"] is True
    # The alarm waits no longer after what others did to the group than after what it did itself.
    [policy] = account.clients["autoscaling"].describe_policies(AutoScalingGroupName="mine-worker")[
        "ScalingPolicies"
    ]
    assert group["DefaultCooldown"] == policy["Cooldown"] == 180
    assert suspended(group) == {"AZRebalance"}
    assert {one["Metric"] for one in group["EnabledMetrics"]} == {
        "GroupDesiredCapacity", "GroupInServiceInstances",
    }  # fmt: skip
    tags = {one["Key"]: one["Value"] for one in group["Tags"] if one["PropagateAtLaunch"]}
    assert tags == {
        "Course": "7", "Name": "mine-worker", "jobfleet:stack": "mine", "jobfleet:group": "worker",
        "jobfleet:role": "worker", "jobfleet:key": "SHA256:x", "jobfleet:scaled": "true",
    }  # fmt: skip


def test_how_long_the_last_host_took_to_come_is_told_where_a_scaler_knows_it(account: ScalingAccount) -> None:
    assert account.scaling()["came_in"] == 0
    state = ScalingState(came_in=48.5).to_json().encode()
    account.clients["s3"].put_object(Bucket=account.bucket, Key=SCALING_STATE_KEY, Body=state)
    assert account.scaling()["came_in"] == 48.5
    assert account.scaling(check=True)["came_in"] == 48.5


def test_the_alarm_watches_the_queue_and_all_groups_and_wakes_the_first(account: ScalingAccount) -> None:
    account.scaling()

    alarms = {
        one["AlarmName"]: one for one in account.clients["cloudwatch"].describe_alarms()["MetricAlarms"]
    }
    alarm, silent = alarms["mine-waiting"], alarms["mine-silent"]
    [policy] = account.clients["autoscaling"].describe_policies()["ScalingPolicies"]
    assert alarm["AlarmActions"] == silent["AlarmActions"] == [policy["PolicyARN"]]
    assert (policy["PolicyName"], policy["AutoScalingGroupName"]) == ("mine-wake", "mine-worker")
    assert {one.get("Expression") for one in alarm["Metrics"]} == {
        "IF(visible > 0 AND FILL(running0, 0) + FILL(running1, 0) < 1, 1, 0)", None,
    }  # fmt: skip
    assert {one.get("Expression") for one in silent["Metrics"]} == {
        (
            "IF(visible > 0 AND (FILL(running0, 0) + FILL(running1, 0)) == 1"
            " AND (FILL(held, 0) + FILL(received, 0)) < 1, 1, 0)"
        ),
        None,
    }


def test_what_somebody_changed_is_shown_and_put_back(account: ScalingAccount) -> None:
    account.scaling()
    autoscaling, named = account.clients["autoscaling"], {"AutoScalingGroupName": "mine-worker"}
    autoscaling.update_auto_scaling_group(**named, MaxSize=9, NewInstancesProtectedFromScaleIn=False)
    autoscaling.delete_lifecycle_hook(**named, LifecycleHookName="jobfleet-drain")
    autoscaling.resume_processes(**named, ScalingProcesses=["AZRebalance"])
    autoscaling.suspend_processes(**named, ScalingProcesses=["Launch"])
    account.clients["cloudwatch"].delete_alarms(AlarmNames=["mine-waiting", "mine-silent"])
    ec2 = account.clients["ec2"]
    ec2.create_launch_template_version(
        LaunchTemplateName="mine-worker",
        LaunchTemplateData={"ImageId": account.image, "InstanceType": "m5.24xlarge"},
    )

    told = account.scaling(check=True)
    mended = account.scaling()
    again = account.scaling()

    assert mended["mended"] == [
        "launch template mine-worker",
        "old versions of launch template mine-worker",
        "scaling group mine-worker",
        "hook of mine-worker",
        "suspended processes of mine-worker",
        "alarm mine-waiting",
        "alarm mine-silent",
        f"s3://{account.bucket}/config/scaling.json",
    ]
    assert '"MaxSize": 9' in str(told["diff"])
    assert again["changed"] is False
    group = account.groups()["mine-worker"]
    assert (group["MaxSize"], suspended(group)) == (5, {"AZRebalance"})


def test_another_image_is_a_new_version_and_only_the_one_before_is_kept(account: ScalingAccount) -> None:
    account.scaling(groups=GROUPS[:1])
    for size in (9, 10):
        account.scaling(groups=GROUPS[:1], volume_size=size)

    assert account.templates() == {"mine-worker": [2, 3]}
    assert account.groups()["mine-worker"]["LaunchTemplate"]["Version"] == "3"
    assert account.configuration()["groups"][0]["version"] == "3"
    assert account.scaling(groups=GROUPS[:1], volume_size=10)["changed"] is False


def test_clients_learn_which_image_the_next_hosts_boot_from(account: ScalingAccount) -> None:
    account.scaling(image_hash="0123456789ab")

    assert account.configuration()["image"] == "0123456789ab"
    assert account.scaling(image_hash="0123456789ac")["mended"] == [
        f"s3://{account.bucket}/config/scaling.json"
    ]
    account.scaling(state="stopped")
    assert account.configuration()["image"] == "0123456789ac"


def test_a_group_that_is_not_wanted_any_more_goes_with_its_template(account: ScalingAccount) -> None:
    account.scaling()

    account.scaling(groups=GROUPS[:1])

    assert set(account.groups()) == {"mine-worker"}
    assert set(account.templates()) == {"mine-worker"}
    assert len(account.configuration()["groups"]) == 1


def test_more_hosts_are_wanted_at_once_where_the_least_is_raised(account: ScalingAccount) -> None:
    account.scaling()

    told = account.scaling(check=True, limits={"min": 2, "max": 6})

    assert '"DesiredCapacity": 2' in str(told["diff"])


def test_in_a_lab_the_group_replaces_nothing_and_the_scaler_knows_the_limits(account: ScalingAccount) -> None:
    account.scaling(lab_mode="true", lab_max_instances=8)

    assert suspended(account.groups()["mine-worker"]) == {"AZRebalance", "ReplaceUnhealthy"}
    told = account.configuration()
    assert (told["lab_max_instances"], told["lab_max_vcpus"]) == (8, 32)


def test_a_fleet_that_is_stopped_launches_nothing_until_it_is_brought_back(account: ScalingAccount) -> None:
    account.scaling()

    stopped = account.scaling(state="stopped")
    again = account.scaling(state="stopped")

    assert (stopped["changed"], again["changed"]) == (True, False)
    assert account.configuration()["paused"] is True
    assert {"Launch", "AlarmNotification"} <= suspended(account.groups()["mine-worker"])
    account.scaling()
    assert account.configuration()["paused"] is False
    assert suspended(account.groups()["mine-worker"]) == {"AZRebalance"}


@pytest.mark.parametrize("drain", [True, False])
def test_all_of_it_goes_and_nothing_is_left_to_remove(account: ScalingAccount, drain: bool) -> None:
    account.scaling()

    told = account.scaling(state="absent", drain=drain, check=True)
    gone = account.scaling(state="absent", drain=drain)
    again = account.scaling(state="absent", drain=drain)

    assert told["mended"] == gone["mended"] != []
    assert (again["changed"], again["mended"]) == (False, [])
    assert (account.groups(), account.templates()) == ({}, {})
    assert account.clients["cloudwatch"].describe_alarms()["MetricAlarms"] == []
    assert account.clients["s3"].list_objects_v2(Bucket=account.bucket)["KeyCount"] == 0


def test_a_stack_that_does_not_scale_is_asked_for_one_object_and_needs_no_new_permission(
    account: ScalingAccount,
) -> None:
    key = new_key(account.key, account=account.number)

    assert account.scaling(state="absent", key=key)["changed"] is False
    assert account.scaling(state="stopped", key=key)["changed"] is False

    assert account.calls(key) == ["s3:GetObject", "s3:GetObject"]
