"""The limits of a Learner Lab, and how one is told; no AWS."""

import pytest
from ansible.module_utils.account.lab_limits import LabLimits, Load, is_lab, limits, over_limit, refusals

LAB_ARN = "arn:aws:sts::123456789012:assumed-role/voclabs/user123=someone"
INSTANCE_ARN = "arn:aws:sts::123456789012:assumed-role/LabRole/i-0123456789abcdef0"
USER_ARN = "arn:aws:iam::123456789012:user/voclabs"


def load(count: int, vcpus: int = 2) -> Load:
    return Load({f"i-{n}": vcpus for n in range(count)}, {"t3.small": 2, "m5.large": 2, "t3.xlarge": 4})


@pytest.mark.parametrize(
    ("mode", "arn", "lab"),
    [
        ("auto", LAB_ARN, True),
        ("auto", INSTANCE_ARN, True),
        ("auto", USER_ARN, False),
        ("auto", "", False),
        ("True", USER_ARN, True),
        ("yes", "", True),
        ("False", LAB_ARN, False),
    ],
)
def test_a_lab_is_told_by_its_role_unless_said_otherwise(mode: str, arn: str, lab: bool) -> None:
    assert is_lab(mode, arn) is lab


def test_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="lab_mode is 'maybe'"):
        is_lab("maybe", LAB_ARN)


def test_no_variable_lifts_the_limit_to_twenty() -> None:
    assert limits(True, 19) == LabLimits(19, 32)
    with pytest.raises(ValueError, match="lab_max_instances is 20: give 0 to 19"):
        limits(True, 20)


def test_outside_of_a_lab_nothing_is_limited() -> None:
    assert over_limit(load(30), ["t3.small"] * 30, [], limits(False, 9)) is None


def test_the_limit_is_reached_and_not_exceeded() -> None:
    most = limits(True, 9)

    assert over_limit(load(8), ["t3.small"], [], most) is None
    assert "9 instances run in the region, 10 would after this" in str(
        over_limit(load(9), ["t3.small"], [], most)
    )
    assert over_limit(load(9), ["t3.small"], ["i-0"], most) is None


def test_who_is_above_the_limit_may_still_shrink() -> None:
    assert over_limit(load(12), [], ["i-0"], limits(True, 9)) is None


def test_vcpus_are_counted_too() -> None:
    most = limits(True, 9)

    assert over_limit(load(7, 4), ["t3.small"] * 2, [], most) is None
    assert "34 vCPUs would run" in str(over_limit(load(8, 4), ["t3.small"], [], most))


def test_regions_sizes_and_spot_are_refused() -> None:
    said = refusals("eu-west-1", [("a", "t3.large", "on-demand"), ("b", "t3.xlarge", "spot")])

    assert [text.split()[0:4] for text in said] == [
        ["aws_region", "is", "eu-west-1,", "where"],
        ["a", "Learner", "Lab", "starts"],
        ["a", "Learner", "Lab", "starts"],
    ]
    assert refusals("us-west-2", [("a", "t3.large", "on-demand")]) == []
