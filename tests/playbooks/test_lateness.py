"""A first deployment where AWS sees late whatever was made, and a teardown where it lets go late."""

from collections.abc import Callable
from pathlib import Path

from tests.playbooks.conftest import Stack


def test_a_first_deployment_comes_out_right_where_everything_is_seen_late(
    localcloud: dict[str, str], hosts: object, lateness: Callable[..., None], tmp_path: Path
) -> None:
    """`hosts` makes sure that hosts can be booted."""
    stack = Stack("late", tmp_path, localcloud, {"worker_wait_time": 2})
    lateness(eventual=2)

    try:
        first = stack.deploy()
        # By now all is seen on AWS, too.
        lateness()
        job = stack.jobfleet("stats", "1", "2", "3")
        again = stack.deploy()
    finally:
        lateness(eventual=2)
        removed = stack.play("playbooks/teardown.yml", confirm=True)

    # That is so on AWS alone.
    assert "The drop folder works in" not in first.said + again.said
    assert (job.returncode, "mean" in job.stdout) == (0, True), job.stderr
    assert again.changes == 0, again.changed
    assert removed.code == 0, removed.said
    assert "Nothing is left of the stack late" in removed.said
