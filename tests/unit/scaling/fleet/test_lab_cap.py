"""A lab has room for so many instances and vCPUs, and everybody's count."""

from dataclasses import replace
from typing import Any

from jobfleet_scaling.fleet.lab_cap import LabCap, LabRoom

from tests.scaling_fleet import GROUP, configuration

VCPUS = {"t3.micro": 2, "m5.2xlarge": 8}


class Region:
    """A region with instances of these types; it counts what is asked of it."""

    def __init__(self, *types: str) -> None:
        self.types, self.looks = types, 0

    def in_region(self) -> list[dict[str, str]]:
        self.looks += 1
        return [{"InstanceType": one} for one in self.types]

    def vcpus_of(self, kinds: Any) -> dict[str, int]:
        return {kind: VCPUS[kind] for kind in kinds}


def room(region: Region, *, instances: int | None = 9, vcpus: int | None = 32, ordered: int = 0) -> LabRoom:
    cap: Any = LabCap(region)  # type: ignore[arg-type]
    made = configuration(lab_max_instances=instances, lab_max_vcpus=vcpus)
    found: LabRoom = cap.room(made, {GROUP.name: ordered})
    return found


def test_with_seven_others_there_is_room_for_two() -> None:
    assert room(Region(*["t3.micro"] * 7)).fitting(GROUP, 5) == 2


def test_with_ten_others_there_is_room_for_none() -> None:
    assert room(Region(*["t3.micro"] * 10)).fitting(GROUP, 5) == 0


def test_vcpus_count_by_the_type_of_each() -> None:
    region = Region(*["m5.2xlarge"] * 3)
    assert room(region).fitting(GROUP, 9) == 4
    assert room(region).fitting(replace(GROUP, type="m5.2xlarge"), 9) == 1


def test_what_is_ordered_and_not_there_yet_has_its_place() -> None:
    left = room(Region(*["t3.micro"] * 5), ordered=3)
    assert left.fitting(GROUP, 5) == 1
    assert left.without(GROUP, 1).fitting(GROUP, 5) == 0


def test_outside_of_a_lab_nobody_is_asked() -> None:
    region = Region()
    assert room(region, instances=None, vcpus=None).fitting(GROUP, 500) == 500
    assert region.looks == 0
