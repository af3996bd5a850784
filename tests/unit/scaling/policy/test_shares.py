import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobfleet_scaling.policy.shares import FleetMember, GroupShare, distribute, first_to_leave

TWO_TO_ONE = {"big": GroupShare(2, 100), "small": GroupShare(1, 100)}


@pytest.mark.parametrize(
    ("total", "expected"),
    [(0, (0, 0)), (1, (1, 0)), (2, (1, 1)), (3, (2, 1)), (4, (3, 1)), (9, (6, 3)), (30, (20, 10))],
)
def test_hosts_go_by_weight(total: int, expected: tuple[int, int]) -> None:
    assert tuple(distribute(total, TWO_TO_ONE).values()) == expected


def test_the_first_group_is_woken_where_all_weigh_the_same() -> None:
    groups = {"c": GroupShare(1, 5), "a": GroupShare(1, 5), "b": GroupShare(1, 5)}
    assert distribute(1, groups) == {"c": 1, "a": 0, "b": 0}


def test_a_group_that_is_full_leaves_its_part_to_others() -> None:
    groups = {"full": GroupShare(5, 2), "other": GroupShare(1, 4), "spare": GroupShare(0, 3)}
    assert distribute(5, groups) == {"full": 2, "other": 3, "spare": 0}
    assert distribute(8, groups) == {"full": 2, "other": 4, "spare": 2}
    assert distribute(100, groups) == {"full": 2, "other": 4, "spare": 3}


def test_no_host_is_ended_only_to_launch_another_elsewhere() -> None:
    groups = {"first": GroupShare(1, 9), "second": GroupShare(8, 9)}
    # An alarm woke the first group, though the second is the heavier one.
    assert distribute(1, groups, {"first": 1, "second": 0}) == {"first": 1, "second": 0}
    assert distribute(4, groups, {"first": 1, "second": 0}) == {"first": 1, "second": 3}
    assert distribute(2, groups, {"first": 2, "second": 2}) == {"first": 0, "second": 2}


def test_a_group_above_its_maximum_gives_up_what_is_too_much() -> None:
    groups = {"a": GroupShare(1, 2), "b": GroupShare(1, 9)}
    assert distribute(5, groups, {"a": 4, "b": 1}) == {"a": 2, "b": 3}


def test_who_is_of_an_old_version_then_idle_then_young_goes_first() -> None:
    members = [
        FleetMember("old-at-work", "g", 1),
        FleetMember("young-at-work", "g", 9),
        FleetMember("old-idle", "g", 2, idle=True),
        FleetMember("young-idle", "g", 8, idle=True),
        FleetMember("outdated-at-work", "g", 3, outdated=True),
    ]
    leaving = first_to_leave(members, {"g": 0})
    assert leaving == ["outdated-at-work", "young-idle", "old-idle", "young-at-work", "old-at-work"]
    assert first_to_leave(members, {"g": 3}) == leaving[:2]


def test_each_group_gives_up_its_own() -> None:
    members = [
        FleetMember("a1", "a", 1),
        FleetMember("a2", "a", 2),
        FleetMember("b1", "b", 3),
        FleetMember("gone", "c", 4),
    ]
    assert first_to_leave(members, {"a": 1, "b": 2}) == ["gone", "a2"]


groups = st.dictionaries(
    st.sampled_from("abcd"), st.builds(GroupShare, st.integers(0, 9), st.integers(0, 30)), min_size=1
)


@settings(deadline=None)
@given(groups, st.integers(0, 150), st.integers(0, 150))
def test_one_total_after_another_moves_groups_one_way_only(
    shares: dict[str, GroupShare], first: int, second: int
) -> None:
    before = distribute(first, shares)
    after = distribute(second, shares, before)
    assert sum(after.values()) == min(second, sum(share.maximum for share in shares.values()))
    assert all(0 <= after[name] <= share.maximum for name, share in shares.items())
    moved = [after[name] - before[name] for name in shares]
    assert all(move >= 0 for move in moved) or all(move <= 0 for move in moved)
    # From nothing, or on the way from it, the parts are the same.
    assert after == distribute(second, shares)
