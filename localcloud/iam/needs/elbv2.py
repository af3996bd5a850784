"""The needs of Elastic Load Balancing's calls.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
"""

from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends

from localcloud.iam.need import Context, Need, listed, on_each, request_tags, resource_tags, tags_in
from localcloud.wire.call import Call

LINKED_ROLE, LINKED_SERVICE = "AWSServiceRoleForElasticLoadBalancing", "elasticloadbalancing.amazonaws.com"
_SERVICE = "elasticloadbalancing"
# What is named first is what a call is about: one that changes a rule may name groups of its actions too.
_ABOUT = ("RuleArn", "ListenerArn", "LoadBalancerArn", "TargetGroupArn")
_GATEWAYS = "DescribeInternetGateways"
_LOOKS = {
    "CreateLoadBalancer": ("DescribeAccountAttributes", "DescribeAddresses", _GATEWAYS),
    "CreateTargetGroup": (_GATEWAYS,),
    "RegisterTargets": (_GATEWAYS,),
}
# What a call makes: of which kind, and where it is in what the call names.
_MADE = {"CreateListener": (":loadbalancer/", ":listener/"), "CreateRule": (":listener/", ":listener-rule/")}


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    action, asked = f"{_SERVICE}:{call.operation}", call.parameters
    if call.operation.startswith("Describe"):
        return [Need(action)]
    place = f"arn:aws:{_SERVICE}:{call.region}:{account}:"
    tags = request_tags(tags_in(asked, "Tags"))
    context: Context = tags | _conditions(asked)
    match call.operation:
        case "CreateLoadBalancer":
            made = f"{place}loadbalancer/app/{asked.get('Name', '*')}/*"
            named = [Need(action, made, context), *_to_tag(call, made, tags)]
            return [*named, *_to_look(call.operation), *_to_link(account)]
        case "CreateTargetGroup":
            made = f"{place}targetgroup/{asked.get('Name', '*')}/*"
            return [Need(action, made, context), *_to_tag(call, made, tags), *_to_look(call.operation)]
    resources = _about(asked) or ["*"]
    needs = [Need(action, arn, context | _present_tags(arn)) for arn in resources]
    if call.operation in _MADE:
        before, after = _MADE[call.operation]
        needs += _to_tag(call, f"{resources[0].replace(before, after)}/*", tags)
    return needs + _to_look(call.operation)


def _about(asked: dict[str, Any]) -> list[str]:
    """Return the ARNs of what a call is about."""
    several = listed(asked, "ResourceArns")
    several += [str(value) for name, value in asked.items() if name.endswith(".RuleArn")]
    return several or [str(asked[name]) for name in _ABOUT if asked.get(name)][:1]


def _conditions(asked: dict[str, Any]) -> Context:
    """Return what a policy can hold a call to, as far as the call says it."""
    found: Context = {}
    for name, key in (("Scheme", "Scheme"), ("Protocol", "ListenerProtocol")):
        if asked.get(name):
            found[f"{_SERVICE}:{key}"] = str(asked[name])
    for name, key in (("Subnets", "Subnet"), ("SecurityGroups", "SecurityGroup")):
        if several := listed(asked, name):
            found[f"{_SERVICE}:{key}"] = several
    return found


def _to_tag(call: Call, made: str, tags: Context) -> list[Need]:
    """Return the need of the tags that something is made with.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html
    """
    context = tags | {f"{_SERVICE}:CreateAction": call.operation}
    return on_each(f"{_SERVICE}:AddTags", [made] if tags else [], context)


def _to_look(operation: str) -> list[Need]:
    """Return the needs of what the service asks EC2 on the caller's behalf.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
    """
    return [Need(f"ec2:{one}") for one in _LOOKS.get(operation, ())]


def _to_link(account: str) -> list[Need]:
    """Return the need of the service's role, where it is not there yet.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html
    """
    roles = list(iam_backends[account]["aws"].roles.values())
    if any(role.name == LINKED_ROLE for role in roles):
        return []
    role = f"arn:aws:iam::{account}:role/aws-service-role/{LINKED_SERVICE}/{LINKED_ROLE}"
    return [Need("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": LINKED_SERVICE})]


def _present_tags(arn: str) -> Context:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return {}
    backend = elbv2_backends[parts[4]][parts[3]]
    return resource_tags(backend.tagging_service.get_tag_dict_for_resource(arn), _SERVICE)
