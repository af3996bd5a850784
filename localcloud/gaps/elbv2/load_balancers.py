"""Load balancers: made, described and deleted."""

import copy
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.elbv2.exceptions import ELBClientError, LoadBalancerNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer, elbv2_backends
from moto.iam.models import SERVICE_NAME_CONVERSION, iam_backends

from localcloud.errors import BalancersUnavailableError
from localcloud.gaps.elbv2.attributes import BALANCER_DEFAULTS
from localcloud.gaps.elbv2.checks.names import check_name
from localcloud.gaps.elbv2.checks.refusals import invalid, not_here
from localcloud.gaps.elbv2.running import addresses, engine
from localcloud.gaps.patching import put_over
from localcloud.iam.needs.elbv2 import LINKED_ROLE, LINKED_SERVICE

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST = 50


def mend() -> None:
    """Mend all gaps of load balancers."""
    # So is the service written in its role's name; moto has it in small letters.
    SERVICE_NAME_CONVERSION["elasticloadbalancing"] = "ElasticLoadBalancing"
    _a_new_one_is_checked_and_has_an_address()
    _it_is_active_when_it_listens()
    _subnets_and_security_groups_are_checked()
    _a_protected_one_stays()
    _its_security_groups_stay()
    put_over(ELBv2Backend, "describe_load_balancers", _describe_load_balancers)


def _a_new_one_is_checked_and_has_an_address() -> None:
    """CreateLoadBalancer wants two zones and a name of its own, and the same call again finds what it made.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    moto takes one subnet, unknown security groups and a name that is taken. Its DNS name leads nowhere. Here
    it is the address that the balancer listens on: no resolver knows names of localcloud.
    """
    create = ELBv2Backend.create_load_balancer

    def create_load_balancer(
        backend: ELBv2Backend,
        name: str,
        security_groups: list[str],
        subnet_ids: list[str],
        subnet_mappings: list[dict[str, str]] | None = None,
        scheme: str | None = None,
        loadbalancer_type: str | None = None,
        ip_address_type: str = "ipv4",
        tags: list[dict[str, str]] | None = None,
    ) -> FakeLoadBalancer:
        check_name("load balancer", name)
        _refuse_what_is_not_here(loadbalancer_type, ip_address_type, subnet_mappings)
        names = subnet_ids or [one["SubnetId"] for one in subnet_mappings or []]
        subnets = _subnets(backend, names)
        groups = security_groups or [_default_group(backend, subnets[0].vpc_id)]
        _check_groups(backend, groups, subnets[0].vpc_id)
        scheme = scheme or "internet-facing"
        if found := _named(backend, name):
            same = {one.id for one in found.subnets} == set(names) and found.scheme == scheme
            if same and set(found.security_groups) == set(groups):
                return found
            raise ELBClientError(
                "DuplicateLoadBalancerName",
                f"A load balancer with the same name '{name}' exists, but with different settings",
            )
        if len(backend.load_balancers) >= _MOST:
            raise ELBClientError("TooManyLoadBalancers", f"There are {_MOST} load balancers in this region.")
        try:
            address = addresses.take()
        except BalancersUnavailableError as problem:
            raise ELBClientError("OperationNotPermitted", str(problem)) from problem
        made: FakeLoadBalancer = create(
            backend, name, groups, names, None, scheme, loadbalancer_type, ip_address_type, tags
        )
        made.attrs = dict(BALANCER_DEFAULTS)
        made.dns_name = address
        _link_role(backend.account_id)
        engine.wake()
        # The answer tells of the moment in which it was made, however soon it listens.
        answer = copy.copy(made)
        answer.state = "new"
        return answer

    put_over(ELBv2Backend, "create_load_balancer", create_load_balancer)


def _link_role(account: str) -> None:
    """Make the role that the service acts by, where it is not there yet.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html
    """
    iam = iam_backends[account]["aws"]
    if all(role.name != LINKED_ROLE for role in iam.roles.values()):
        iam.create_service_linked_role(LINKED_SERVICE, "Allows ELB to call AWS services on your behalf", "")


def _refuse_what_is_not_here(
    kind: str | None, ip_address_type: str, subnet_mappings: list[dict[str, str]] | None
) -> None:
    if kind not in (None, "application"):
        raise not_here(f"load balancers of the type '{kind}', only 'application'")
    if ip_address_type != "ipv4":
        raise not_here(f"the IP address type '{ip_address_type}', only 'ipv4'")
    for one in subnet_mappings or []:
        if strange := one.keys() - {"SubnetId"}:
            raise not_here(f"{', '.join(sorted(strange))} of a subnet mapping")


def _subnets(backend: ELBv2Backend, names: list[str]) -> list[Any]:
    """Return subnets that a balancer can have. Raises `ELBClientError`."""
    found = []
    for name in names:
        try:
            found.append(backend.ec2_backend.get_subnet(name))
        except ServiceException as problem:
            raise ELBClientError("SubnetNotFound", f"The subnet ID '{name}' is not valid") from problem
    if len({one.vpc_id for one in found}) > 1:
        raise invalid(f"All subnets must belong to the same VPC: {', '.join(names)} do not")
    if len({one.availability_zone for one in found}) < len(found):
        raise ELBClientError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len(found) < 2:
        raise invalid("At least two subnets in two different Availability Zones must be specified")
    return found


def _default_group(backend: ELBv2Backend, vpc: str) -> str:
    found: Any = backend.ec2_backend.get_security_group_from_name("default", vpc)
    return str(found.id)


def _check_groups(backend: ELBv2Backend, groups: list[str], vpc: str) -> None:
    for name in groups:
        found: Any = backend.ec2_backend.get_security_group_from_id(name)
        if found is None:
            raise ELBClientError("InvalidSecurityGroup", f"The security group '{name}' does not exist")
        if found.vpc_id != vpc:
            raise ELBClientError(
                "InvalidConfigurationRequest", f"The security group '{name}' is not in VPC '{vpc}'"
            )


def _named(backend: ELBv2Backend, name: str) -> FakeLoadBalancer | None:
    return next((one for one in backend.load_balancers.values() if one.name == name), None)


def _it_is_active_when_it_listens() -> None:
    """A load balancer is `provisioning` until it can route traffic, and `failed` if it cannot be set up.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html
    moto makes it active as soon as any is described.
    """

    def activate(balancer: FakeLoadBalancer) -> None:
        """Do nothing: the state is worked out when it is asked for."""

    def state(balancer: FakeLoadBalancer) -> dict[str, str]:
        if balancer.state == "new":
            return {"Code": "provisioning"}
        if problem := engine.problem(balancer.arn):
            return {"Code": "failed", "Reason": problem}
        return {"Code": "active" if engine.is_active(balancer.arn) else "provisioning"}

    put_over(FakeLoadBalancer, "activate", activate)
    put_over(FakeLoadBalancer, "load_balancer_state", property(state))


def _describe_load_balancers(
    backend: ELBv2Backend, arns: list[str] | None, names: list[str] | None
) -> list[FakeLoadBalancer]:
    """DescribeLoadBalancers refuses each name that there is not. moto overlooks one after another's match.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html
    """
    everything = list(backend.load_balancers.values())
    if not arns and not names:
        return everything
    found = [one for one in everything if one.arn in (arns or []) or one.name in (names or [])]
    if {one.arn for one in found} < set(arns or []):
        raise LoadBalancerNotFoundError("One or more load balancers not found")
    if missing := [name for name in names or [] if name not in {one.name for one in found}]:
        raise LoadBalancerNotFoundError(f"Load balancers '[{', '.join(missing)}]' not found")
    return found


def _subnets_and_security_groups_are_checked() -> None:
    """SetSubnets and SetSecurityGroups take what CreateLoadBalancer takes; moto says so in other words.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSecurityGroups.html
    """
    set_subnets, set_groups = ELBv2Backend.set_subnets, ELBv2Backend.set_security_groups

    def checked_subnets(
        backend: ELBv2Backend, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]
    ) -> Any:
        names = subnets or [one["SubnetId"] for one in subnet_mappings]
        balancer = _balancer(backend, arn)
        found = _subnets(backend, names)
        if found[0].vpc_id != balancer.vpc_id:
            raise invalid(f"All subnets must belong to the same VPC: '{balancer.vpc_id}'")
        answer = set_subnets(backend, arn, names, [])
        engine.wake()
        return answer

    def checked_groups(backend: ELBv2Backend, arn: str, sec_groups: list[str]) -> None:
        _check_groups(backend, sec_groups, _balancer(backend, arn).vpc_id or "")
        set_groups(backend, arn, sec_groups)

    put_over(ELBv2Backend, "set_subnets", checked_subnets)
    put_over(ELBv2Backend, "set_security_groups", checked_groups)


def _balancer(backend: ELBv2Backend, arn: str) -> FakeLoadBalancer:
    if arn not in backend.load_balancers:
        raise LoadBalancerNotFoundError(f"Load balancer '{arn}' not found")
    return backend.load_balancers[arn]


def _a_protected_one_stays() -> None:
    """DeleteLoadBalancer fails with OperationNotPermitted while deletion protection is on. moto deletes it.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
    """
    delete = ELBv2Backend.delete_load_balancer

    def delete_load_balancer(backend: ELBv2Backend, arn: str) -> None:
        balancer = backend.load_balancers.get(arn)
        if balancer is None:
            return  # "If the load balancer does not exist … the call succeeds"
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        delete(backend, arn)
        addresses.give_back(balancer.dns_name)
        engine.wake()

    put_over(ELBv2Backend, "delete_load_balancer", delete_load_balancer)


def _its_security_groups_stay() -> None:
    """DeleteSecurityGroup fails with DependencyViolation while a load balancer's interfaces use the group.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    moto gives load balancers no interfaces.
    """
    delete = SecurityGroupBackend._delete_security_group

    def delete_if_unused(backend: SecurityGroupBackend, vpc_id: str | None, group_id: str) -> None:
        place: Any = backend
        balancers = elbv2_backends[place.account_id][place.region_name].load_balancers.values()
        if any(group_id in one.security_groups for one in list(balancers)):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        delete(backend, vpc_id, group_id)

    put_over(SecurityGroupBackend, "_delete_security_group", delete_if_unused)
