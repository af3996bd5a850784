"""The thread that brings groups on."""

import threading

from localcloud.scaling_groups import wishes
from localcloud.scaling_groups.group import Stage
from tests.patience import patience, wait_for
from tests.unit.localcloud.scaling_groups.conftest import HERE, Cloud


def test_a_change_is_seen_to_without_being_asked(cloud: Cloud) -> None:
    cloud.engine.start()
    try:
        with cloud.engine.changing(HERE):
            wishes.set_desired(cloud.engine, cloud.group, 1, honors_cooldown=False)
        wait_for(lambda: cloud.stages == {"i-1": Stage.PENDING}, 5)
        cloud.ec2.states["i-1"] = "running"
        cloud.engine.wake()
        wait_for(lambda: cloud.stages == {"i-1": Stage.IN_SERVICE}, 5)
    finally:
        cloud.engine.stop()


def test_nothing_moves_when_it_has_stopped(cloud: Cloud) -> None:
    cloud.engine.start()
    cloud.engine.stop()
    with cloud.engine.changing(HERE):
        wishes.set_desired(cloud.engine, cloud.group, 1, honors_cooldown=False)

    assert not [one for one in threading.enumerate() if one.name == "scaling groups"]
    assert cloud.stages == {}


def test_a_turn_that_fails_is_tried_again(cloud: Cloud) -> None:
    failed = threading.Event()
    launch = cloud.ec2.launch

    def fail_once(*wanted: object) -> object:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("by a test")
        return launch(*wanted)  # type: ignore[arg-type]

    cloud.ec2.launch = fail_once  # type: ignore[method-assign,assignment]
    cloud.engine.start()
    try:
        with cloud.engine.changing(HERE):
            wishes.set_desired(cloud.engine, cloud.group, 1, honors_cooldown=False)
        assert failed.wait(patience(5))
        wait_for(lambda: cloud.stages == {"i-1": Stage.PENDING}, 10)
    finally:
        cloud.engine.stop()


def test_it_tells_people_of_its_groups(cloud: Cloud) -> None:
    cloud.want(1)
    cloud.group.suspended = {"AZRebalance": "by a test"}

    assert cloud.engine.summary() == [
        {
            "name": "g",
            "min": 0,
            "max": 6,
            "desired": 1,
            "suspended": ["AZRebalance"],
            "instances": {"i-1": "Pending"},
        }
    ]
