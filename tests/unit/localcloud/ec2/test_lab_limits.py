"""The lab's arithmetic, which its own small types never reach with nine instances."""

from dataclasses import dataclass
from typing import Any

from localcloud.ec2.lab_limits import Lab


@dataclass
class Instance:
    """As much of an instance as the limits look at; a real one would boot a host."""

    launch_time: int
    instance_type: str


def test_the_newest_instances_beyond_32_processors_are_surplus() -> None:
    # Eight processors each.
    alive: list[Any] = [Instance(moment, "m5.2xlarge") for moment in (3, 1, 5, 2, 4)]

    assert Lab().surplus(alive[:1]) == []
    assert [one.launch_time for one in Lab().surplus(alive)] == [5]
