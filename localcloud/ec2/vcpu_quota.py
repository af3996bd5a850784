"""The quota of vCPUs: what an account's instances of the standard families may have together in a region.

RunInstances and StartInstances answer VcpuLimitExceeded beyond it, and Service Quotas tells it. New accounts
have a small one. moto knows none.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

from itertools import takewhile
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import InstanceBackend
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

from localcloud.gaps.patching import put_over

# Of "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", and of spot instances of the same.
ON_DEMAND, SPOT = "L-1216C47A", "L-34B43A08"
STANDARD = frozenset({"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"})


class VcpuQuota:
    """How many vCPUs each account may have in a region."""

    def __init__(self, vcpus: int) -> None:
        """Give every account `vcpus`."""
        self._usual = vcpus
        self._by_account: dict[str, int] = {}

    def give(self, account: str, vcpus: int) -> None:
        """Give one account its own number from now on."""
        self._by_account[account] = vcpus

    def of(self, account: str) -> int:
        """Return how many vCPUs an account may have."""
        return self._by_account.get(account, self._usual)

    def check(self, backend: Any, kinds: list[str], *, spot: bool = False) -> None:
        """Refuse instances of these types where they would be too many. Raises `EC2ClientError`."""
        running = [
            one.instance_type
            for reservation in list(backend.reservations.values())
            for one in reservation.instances
            if one.state in ("pending", "running") and (one.lifecycle == "spot") is spot
        ]
        # A type that does not exist is refused by moto.
        new = sum(_vcpus(kind) for kind in kinds if kind in INSTANCE_TYPES)
        if new and new + sum(map(_vcpus, running)) > (most := self.of(backend.account_id)):
            raise EC2ClientError(
                "VcpuLimitExceeded",
                f"You have requested more vCPU capacity than your current vCPU limit of {most} allows for "
                "the instance bucket that the specified instance type belongs to. Please visit "
                "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
            )

    def hold(self) -> None:
        """Let EC2 heed the quota and Service Quotas tell it; call it once."""
        run, start = InstanceBackend.run_instances, InstanceBackend.start_instances
        tell = ServiceQuotasBackend.get_service_quota

        def run_instances(backend: Any, image: str, count: int, *more: Any, **asked: Any) -> Any:
            spot = bool(asked.get("instance_market_options"))
            self.check(backend, [asked["instance_type"]] * count, spot=spot)
            return run(backend, image, count, *more, **asked)

        def start_instances(backend: Any, ids: list[str]) -> Any:
            stopped = [one.instance_type for one in map(backend.get_instance, ids) if one.state == "stopped"]
            self.check(backend, stopped)
            return start(backend, ids)

        def get_service_quota(backend: Any, service_code: str, quota_code: str) -> dict[str, Any]:
            if service_code != "ec2":
                return dict(tell(backend, service_code, quota_code))
            if quota_code not in (ON_DEMAND, SPOT):
                raise NoSuchResource
            return {
                "ServiceCode": "ec2",
                "QuotaCode": quota_code,
                "Value": float(self.of(backend.account_id)),
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }

        put_over(InstanceBackend, "run_instances", run_instances)
        put_over(InstanceBackend, "start_instances", start_instances)
        put_over(ServiceQuotasBackend, "get_service_quota", get_service_quota)


def _vcpus(kind: str) -> int:
    """Return a type's vCPUs, 0 where it counts to another quota."""
    family = "".join(takewhile(str.isalpha, kind))
    return int(INSTANCE_TYPES[kind]["VCpuInfo"]["DefaultVCpus"]) if family in STANDARD else 0
