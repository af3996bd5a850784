"""Groups, key pairs, instances, images and templates that are seen late, where that is asked for."""

import copy
from typing import Any

from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.key_pairs import KeyPairBackend
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.responses.amis import AmisResponse

from localcloud.gaps.patching import put_over
from localcloud.lateness.door import GROUP, IMAGE, INSTANCE, INTERFACE, KEY_PAIR, TEMPLATE
from localcloud.lateness.register import Thing, late


def mend() -> None:
    """Mend all gaps of them."""
    _a_new_group_is_seen_late_where_that_is_asked_for()
    _a_new_key_pair_is_seen_late_where_that_is_asked_for()
    _instances_come_and_go_late_where_that_is_asked_for()
    _a_new_image_is_seen_late_where_that_is_asked_for()
    _a_new_template_is_seen_late_where_that_is_asked_for()


def _a_new_group_is_seen_late_where_that_is_asked_for() -> None:
    """Some calls do not see a security group, a key pair or an instance right after it was made.

    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html. moto is never late.
    `lateness.door` refuses the calls that name a new one; a list of groups leaves it out.
    """
    make, listed = SecurityGroupBackend.create_security_group, SecurityGroupBackend.describe_security_groups

    def create_security_group(backend: Any, *arguments: Any, **more: Any) -> Any:
        group = make(backend, *arguments, **more)
        for name in (group.id, group.name):
            late.made(Thing(backend.account_id, GROUP, name))
        return group

    def describe_security_groups(backend: Any, *arguments: Any, **more: Any) -> Any:
        found = listed(backend, *arguments, **more)
        if more.get("group_ids") or more.get("groupnames"):
            return found  # the door has seen to these
        return [
            group
            for group in found
            if not late.is_unseen("list of groups", Thing(backend.account_id, GROUP, group.id))
        ]

    put_over(SecurityGroupBackend, "create_security_group", create_security_group)
    put_over(SecurityGroupBackend, "describe_security_groups", describe_security_groups)


def _a_new_key_pair_is_seen_late_where_that_is_asked_for() -> None:
    """As above."""

    def noted(make: Any) -> Any:
        def key_pair(backend: Any, *arguments: Any, **more: Any) -> Any:
            made = make(backend, *arguments, **more)
            late.made(Thing(backend.account_id, KEY_PAIR, made.key_name))
            return made

        return key_pair

    for name in ("create_key_pair", "import_key_pair"):
        put_over(KeyPairBackend, name, noted(getattr(KeyPairBackend, name)))


def _instances_come_and_go_late_where_that_is_asked_for() -> None:
    """As above; a list of instances leaves a new one out.

    And the interface of a terminated one holds its security group for some moments more:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-termination-works.html.
    """
    launch, terminate = InstanceBackend.run_instances, InstanceBackend.terminate_instances
    describe = InstanceBackend.describe_instances

    def run_instances(backend: Any, *arguments: Any, **more: Any) -> Any:
        reservation = launch(backend, *arguments, **more)
        for instance in reservation.instances:
            late.made(Thing(backend.account_id, INSTANCE, instance.id))
        return reservation

    def terminate_instances(backend: Any, instance_ids: list[str]) -> Any:
        ended = terminate(backend, instance_ids)
        for instance in backend.get_multi_instances_by_id(instance_ids):
            for group in instance.security_groups:
                late.made(Thing(backend.account_id, INTERFACE, group.id))
        return ended

    def describe_instances(backend: Any, filters: Any = None) -> Any:
        listed = [copy.copy(reservation) for reservation in describe(backend, filters)]
        for reservation in listed:
            reservation.instances = [
                one
                for one in reservation.instances
                if not late.is_unseen("list of instances", Thing(backend.account_id, INSTANCE, one.id))
            ]
        return [reservation for reservation in listed if reservation.instances]

    put_over(InstanceBackend, "describe_instances", describe_instances)
    put_over(InstanceBackend, "run_instances", run_instances)
    put_over(InstanceBackend, "terminate_instances", terminate_instances)


def _a_new_image_is_seen_late_where_that_is_asked_for() -> None:
    """As above; a list of images leaves it out."""
    make, listed = AmisResponse.create_image, AmisResponse.describe_images

    def create_image(response: AmisResponse) -> Any:
        answer = make(response)
        late.made(Thing(response.current_account, IMAGE, answer.result["ImageId"]))  # type: ignore[index]
        return answer

    def describe_images(response: AmisResponse) -> Any:
        answer: Any = listed(response)
        if not response._get_param("ImageIds", []):  # the door has seen to these
            answer.result["Images"] = [
                image
                for image in answer.result["Images"]
                if not late.is_unseen("list of images", Thing(response.current_account, IMAGE, image.id))
            ]
        return answer

    put_over(AmisResponse, "create_image", create_image)
    put_over(AmisResponse, "describe_images", describe_images)


def _a_new_template_is_seen_late_where_that_is_asked_for() -> None:
    """As above."""
    make = LaunchTemplateBackend.create_launch_template

    def create_launch_template(backend: Any, *arguments: Any, **more: Any) -> Any:
        template = make(backend, *arguments, **more)
        for name in (template.id, template.name):
            late.made(Thing(backend.account_id, TEMPLATE, name))
        return template

    put_over(LaunchTemplateBackend, "create_launch_template", create_launch_template)
