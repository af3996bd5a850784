"""How a stack scales, as the playbooks publish it in its bucket (`config/scaling.json`, role `scaling`)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobfleet_jobs.careful_json import objects, read_object, seconds, whole
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY

from jobfleet_scaling.policy.figures import Tuning

# Instances are launched and ended through Auto Scaling groups; one by one where an account refuses those.
GROUPS, PLAIN = "groups", "plain"


class DamagedConfiguration(Exception):
    """The configuration lies in the bucket and cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            f"{SCALING_CONFIGURATION_KEY} in the stack's bucket is damaged, so nobody knows how many hosts "
            "there are to be, and the fleet stays as it is: run `ansible-playbook site.yml`, which writes it "
            "anew"
        )


@dataclass(frozen=True)
class HostGroup:
    """A group of hosts of one kind. It gets its share of the fleet by its `weight`.

    `scaling_group` is the name of its Auto Scaling group (empty in the plain mode), `template` that of its
    launch template, whose `version` new hosts are launched from; hosts of another version are exchanged.
    """

    name: str
    template: str
    version: str
    scaling_group: str = ""
    weight: int = 1
    type: str = ""
    zone: str = ""

    def launched_by(self) -> dict[str, Any]:
        """Return what RunInstances takes for one of its hosts; a template does not say the zone."""
        template = {"LaunchTemplateName": self.template, "Version": self.version or "$Default"}
        placement = {"Placement": {"AvailabilityZone": self.zone}} if self.zone else {}
        return {"LaunchTemplate": template, **placement}


@dataclass(frozen=True)
class ScalingConfiguration:
    """How a stack scales: between `minimum` and `maximum` hosts of `groups`, in one of the modes.

    In a lab no more than `lab_max_instances` instances and `lab_max_vcpus` vCPUs run in the region, whoever
    launched them; None where there is no such limit. `paused` is set while the stack is stopped. `image` is
    the hash of the image that hosts are launched from; empty where it is not told.
    """

    minimum: int
    maximum: int
    groups: Sequence[HostGroup]
    mode: str = GROUPS
    tuning: Tuning = field(default_factory=Tuning)
    lab_max_instances: int | None = None
    lab_max_vcpus: int | None = None
    paused: bool = False
    image: str = ""

    def to_json(self) -> str:
        """Return it as an object of JSON."""
        told: dict[str, Any] = {
            "min": self.minimum,
            "max": self.maximum,
            "mode": self.mode,
            "paused": self.paused,
            "image": self.image,
            "clear": self.tuning.clear,
            "window": self.tuning.window,
            "boot": self.tuning.boot,
            "lab_max_instances": self.lab_max_instances,
            "lab_max_vcpus": self.lab_max_vcpus,
            "groups": [vars(group) for group in self.groups],
        }
        return json.dumps(told, indent=1)

    @classmethod
    def read(cls, text: str | bytes) -> "ScalingConfiguration":
        """Read one. Raises `DamagedConfiguration` if it is none, or names no group."""
        told = read_object(text)
        groups = [_group(one) for one in objects(told.get("groups"))]
        if not groups:
            raise DamagedConfiguration
        usual = Tuning()
        return cls(
            minimum=max(0, whole(told.get("min"))),
            maximum=max(0, whole(told.get("max"))),
            groups=groups,
            mode=PLAIN if told.get("mode") == PLAIN else GROUPS,
            tuning=Tuning(
                clear=seconds(told.get("clear"), usual.clear),
                window=seconds(told.get("window"), usual.window),
                boot=seconds(told.get("boot"), usual.boot),
            ),
            lab_max_instances=_limit(told.get("lab_max_instances")),
            lab_max_vcpus=_limit(told.get("lab_max_vcpus")),
            paused=told.get("paused") is True,
            image=str(told.get("image") or ""),
        )


def _group(told: Mapping[str, Any]) -> HostGroup:
    texts = {
        name: str(told.get(name) or "")
        for name in ("name", "template", "version", "scaling_group", "type", "zone")
    }
    return HostGroup(**texts, weight=max(0, whole(told.get("weight"), 1)))


def _limit(value: object) -> int | None:
    return None if value is None else max(0, whole(value))
