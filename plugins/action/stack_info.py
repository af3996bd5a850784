"""The module `stack_info` in Ansible's own process."""

from __future__ import annotations

from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.balancer.found import balancers_of, target_groups_of
from ansible.module_utils.storage.tagged import of_autoscaling, of_cloudwatch, of_ec2, of_s3, of_sqs

preload("ec2", "sqs", "s3")


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not list what carries the stack's tag"

    def ask(self) -> dict[str, Any]:
        """Return what each service holds under the tag."""
        wanted = (self.params["tag"], self.params["value"])
        elbv2 = self.client("elbv2")
        queues = list(of_sqs(self.client("sqs"), *wanted))
        return {
            **of_ec2(self.client("ec2"), *wanted),
            "queues": [url.rpartition("/")[2] for url in queues],
            "queue_urls": queues,
            "scaling_groups": of_autoscaling(self.client("autoscaling"), *wanted),
            "alarms": list(of_cloudwatch(self.client("cloudwatch"), *wanted)),
            "load_balancers": [one["LoadBalancerName"] for one in balancers_of(elbv2, *wanted)],
            "target_groups": [one["TargetGroupName"] for one in target_groups_of(elbv2, *wanted)],
            "buckets": list(of_s3(self.client("s3"), self.region, *wanted)),
        }
