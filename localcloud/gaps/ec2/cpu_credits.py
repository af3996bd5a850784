"""CPU credits of burstable instances."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
)
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses.instances import InstanceResponse

from localcloud.gaps.patching import put_over


def mend() -> None:
    """Mend all gaps of them."""
    _burstable_instances_have_cpu_credits()


def _burstable_instances_have_cpu_credits() -> None:
    """T3, T3a and T4g start with unlimited CPU credits unless the launch says otherwise, T2 with standard.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-how-to.html
    Other types refuse the option. A description without ids has only those that are unlimited:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceCreditSpecifications.html
    moto knows standard alone, and no ModifyInstanceCreditSpecification.
    """
    launch = InstanceResponse.run_instances

    def run_instances(response: InstanceResponse) -> ActionResult:
        kind = response._get_param("InstanceType")
        option = response._get_param("CreditSpecification.CpuCredits")
        if option and kind and not _is_burstable(kind):
            raise _no_credits(kind)
        answer: ActionResult = launch(response)
        if option:
            for instance in answer.result.instances:  # type: ignore[attr-defined]
                instance.cpu_credits = option
        return answer

    put_over(InstanceResponse, "run_instances", run_instances)
    put_over(InstanceResponse, "describe_instance_credit_specifications", _describe_credits)
    InstanceResponse.modify_instance_credit_specification = _modify_credits  # type: ignore[attr-defined]


def _describe_credits(response: InstanceResponse) -> ActionResult:
    ids = response._get_param("InstanceIds", [])
    backend = response.ec2_backend
    found = backend.get_multi_instances_by_id(ids) if ids else backend.all_instances()
    options = {one.id: _credits_of(one) for one in found}
    shown = {one: option for one, option in options.items() if ids or option == "unlimited"}
    listed = [{"InstanceId": one, "CpuCredits": option} for one, option in shown.items()]
    return ActionResult({"InstanceCreditSpecifications": listed})


def _modify_credits(response: InstanceResponse) -> ActionResult:
    taken, left = [], []
    for asked in response._get_param("InstanceCreditSpecifications", []):
        name = asked["InstanceId"]
        try:
            instance = response.ec2_backend.get_instance(name)
            if not _is_burstable(instance.instance_type):
                raise _no_credits(instance.instance_type)
        except EC2ClientError as problem:
            left.append({"InstanceId": name, "Error": {"Code": problem.code, "Message": problem.message}})
        else:
            instance.cpu_credits = asked["CpuCredits"]
            taken.append({"InstanceId": name})
    return ActionResult(
        {
            "SuccessfulInstanceCreditSpecifications": taken,
            "UnsuccessfulInstanceCreditSpecifications": left,
        }
    )


def _is_burstable(kind: str) -> bool:
    return bool(INSTANCE_TYPES.get(kind, {}).get("BurstablePerformanceSupported"))


def _credits_of(instance: Any) -> str:
    by_default = "unlimited" if _is_burstable(instance.instance_type) else "standard"
    if instance.instance_type.startswith("t2."):
        by_default = "standard"
    return str(getattr(instance, "cpu_credits", by_default))


def _no_credits(kind: str) -> EC2ClientError:
    code = "InstanceCreditSpecification.NotSupported"
    return EC2ClientError(code, f"The {kind} instance type does not support CPU credits.")
