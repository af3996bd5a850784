"""Where instances can be launched and reached; networks are made up, so that each can be as it likes."""

import pytest
from ansible.module_utils.fleet.launch_network import Network, zones_to_try
from ansible.module_utils.fleet.plan import InstanceGroup
from botocore.exceptions import ClientError

OFFERS = {"t3.small": frozenset({"r-1a", "r-1b"}), "m1.large": frozenset({"r-1e"})}
WHOLE = Network("vpc-1", {"r-1a": True, "r-1b": True}, OFFERS)
MIXED = Network("vpc-1", {"r-1a": False, "r-1b": True, "r-1e": True}, OFFERS)


def group(kind: str = "t3.small", zone: str = "") -> InstanceGroup:
    return InstanceGroup("worker", 1, kind, zone)


def test_where_every_default_subnet_will_do_ec2_chooses() -> None:
    assert WHOLE.choice(group(), public=True) == [""]


def test_elsewhere_those_are_tried_that_offer_the_type_and_give_addresses() -> None:
    assert MIXED.choice(group(), public=True) == ["r-1b"]
    assert MIXED.choice(group(), public=False) == ["r-1a", "r-1b"]
    assert MIXED.choice(group(zone="r-1a"), public=True) == ["r-1a"]


@pytest.mark.parametrize(
    ("network", "one", "said"),
    [
        (Network(""), group(), "There is no default VPC in r-1"),
        (
            MIXED,
            group(zone="r-1e"),
            "r-1e has no t3.small (group worker): leave out its zone, or take",
        ),
        (WHOLE, group("m1.large"), "has no default subnet in a zone with m1.large: make one with"),
        (Network("vpc-1", {"r-1a": True}, OFFERS), group(zone="r-1b"), "has no default subnet in r-1b"),
        (MIXED, group(zone="r-1a"), "in r-1a give instances no public address"),
        (Network("vpc-1", {"r-1a": False}, OFFERS), group(), "in r-1a give instances no public address"),
    ],
)
def test_what_cannot_be_launched_or_reached_is_said_with_the_way_out(
    network: Network, one: InstanceGroup, said: str
) -> None:
    [problem] = network.problems([one], "r-1", public=True)

    assert said in problem


def test_what_can_be_is_no_problem() -> None:
    assert WHOLE.problems([group()], "r-1", public=True) == []
    assert MIXED.problems([group()], "r-1", public=True) == []
    assert Network("vpc-1", {"r-1a": False}, OFFERS).problems([group()], "r-1", public=False) == []


class Unlooked:
    """EC2 for somebody who may not look at networks."""

    def describe_vpcs(self, **_: object) -> None:
        raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeVpcs")


def test_who_may_not_look_at_the_network_launches_all_the_same() -> None:
    assert zones_to_try(Unlooked(), group(), public=True) == [""]
    assert zones_to_try(Unlooked(), group(zone="r-1a"), public=True) == ["r-1a"]
