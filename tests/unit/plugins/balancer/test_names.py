"""Names that Elastic Load Balancing takes, whatever a stack is called."""

import re

import pytest
from ansible.module_utils.balancer.names import balancer_name, target_group_name

LONGEST = "a" * 32


@pytest.mark.parametrize("stack", ["ab", "a-b", "x" * 23, "x" * 24, LONGEST, "a-" * 15 + "b"])
def test_every_stack_has_names_that_aws_takes(stack: str) -> None:
    for name in (balancer_name(stack), target_group_name(stack, "g"), target_group_name(stack, LONGEST)):
        assert re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?", name), name


def test_short_names_can_be_read_and_long_ones_stay_apart() -> None:
    assert balancer_name("x" * 23) == f"{'x' * 23}-balancer"
    assert balancer_name("x" * 24).startswith(f"{'x' * 20}-")
    assert balancer_name("x" * 24) != balancer_name("x" * 25)
    assert target_group_name("mine", "cluster1") == "mine-cluster1"
    assert target_group_name("mine", "a" * 30) != target_group_name("mine", "a" * 31)
