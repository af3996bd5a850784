"""The state of an alarm, by AWS's own examples of missing data."""

import pytest

from localcloud.metrics.evaluation import ALARM, INSUFFICIENT_DATA, OK, AlarmCondition, explain, judge

STAYS = "the state that it was in"

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html: points as
# there, the newest last; then the states by `missing`, `ignore`, `breaching`, `notBreaching`.
THREE_OF_THREE = [
    ("0-X-X", OK, OK, OK, OK),
    ("----0", OK, OK, OK, OK),
    ("-----", INSUFFICIENT_DATA, STAYS, ALARM, OK),
    ("0XX-X", ALARM, ALARM, ALARM, ALARM),
    ("--X--", ALARM, STAYS, ALARM, OK),
]
TWO_OF_THREE = [
    ("0-X-X", ALARM, ALARM, ALARM, ALARM),
    ("00X0X", ALARM, ALARM, ALARM, ALARM),
    ("0-X--", OK, OK, ALARM, OK),
    ("----0", OK, OK, ALARM, OK),
    ("---X-", ALARM, STAYS, ALARM, OK),
]
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize(
    ("needed", "shown", "treatment", "wanted"),
    [
        (needed, shown, treatment, wanted)
        for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
        for shown, *states in table
        for treatment, wanted in zip(TREATMENTS, states, strict=True)
    ],
)
@pytest.mark.parametrize("before", [OK, ALARM, INSUFFICIENT_DATA])
def test_missing_points_count_as_in_aws_s_examples(
    needed: int, shown: str, treatment: str, wanted: str, before: str
) -> None:
    condition = AlarmCondition("GreaterThanThreshold", 0, periods=3, needed=needed, missing=treatment)
    points = [{"0": 0.0, "X": 1.0, "-": None}[one] for one in reversed(shown)]

    assert judge(condition, points, before) == (before if wanted is STAYS else wanted)


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", OK, OK, ALARM),
        ("GreaterThanOrEqualToThreshold", OK, ALARM, ALARM),
        ("LessThanThreshold", ALARM, OK, OK),
        ("LessThanOrEqualToThreshold", ALARM, ALARM, OK),
    ],
)
def test_a_point_is_compared_with_the_threshold(comparison: str, below: str, equal: str, above: str) -> None:
    condition = AlarmCondition(comparison, 5, periods=1, needed=1)

    assert [judge(condition, [value], OK) for value in (4.0, 5.0, 6.0)] == [below, equal, above]


def test_the_newest_point_that_is_there_counts() -> None:
    condition = AlarmCondition("GreaterThanThreshold", 0, periods=1, needed=1)

    assert judge(condition, [None, 1.0, 0.0], OK) == ALARM
    assert judge(condition, [None, 0.0, 1.0], ALARM) == OK


def test_the_reason_names_points_and_threshold() -> None:
    condition = AlarmCondition("GreaterThanThreshold", 0, periods=2, needed=2)

    assert explain(condition, [None, 3.0, 1.0, 9.0], ALARM) == (
        "Threshold Crossed: 2 datapoints [3.0, 1.0] were greater than the threshold (0.0)."
    )
    assert explain(condition, [0.0], OK) == (
        "Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (0.0)."
    )
    assert "no datapoints were received" in explain(condition, [None], INSUFFICIENT_DATA)
