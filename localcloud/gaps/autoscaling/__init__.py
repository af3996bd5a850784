"""Corrections of Auto Scaling: the engine in `scaling_groups` answers its calls, and launches real instances.

moto keeps records of groups. Instances are in service at once, all in the first subnet and of the template's
default version. Hooks are only stored, and capacity beyond the bounds is taken. An instance that stops or
powers off is never replaced. Never imports the rooms of other services.
"""

from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse

from localcloud.gaps.autoscaling import groups, hooks, instances, tags_and_processes
from localcloud.gaps.autoscaling.answering import answers
from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.patching import put_over


def mend() -> None:
    """Mend all gaps of the service."""
    for module in (groups, hooks, instances, tags_and_processes):
        for name, answer in answers(module).items():
            setattr(AutoScalingResponse, name, answer)
    _the_engine_sees_itself_what_is_terminated()


def _the_engine_sees_itself_what_is_terminated() -> None:
    """An instance that TerminateInstances ended is replaced through the hooks. moto does so without them."""

    def notify_terminate_instances(backend: AutoScalingBackend, instance_ids: list[str]) -> None:
        engine.wake()

    put_over(AutoScalingBackend, "notify_terminate_instances", notify_terminate_instances)
