"""Actions of rules and listeners.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
"""

from typing import Any

from moto.elbv2.exceptions import ActionTargetGroupNotFoundError, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from localcloud.gaps.elbv2.checks.refusals import invalid, not_here, require_number, require_one_of
from localcloud.gaps.elbv2.shapes import groups_of_action

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_GROUPS = 5
_LONGEST_BODY = 1_024
_KINDS = ("forward", "redirect", "fixed-response")
_UNCHANGED = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}"}


def check_actions(backend: ELBv2Backend, balancer: FakeLoadBalancer, actions: list[dict[str, Any]]) -> None:
    """Let pass what a listener or rule can do. Raises `ELBClientError`."""
    for action in actions:
        if str(action.get("Type", "")).startswith("authenticate-"):
            raise not_here(f"actions of the type '{action['Type']}'")
        require_one_of("Type", action.get("Type"), _KINDS)
    if len(actions) != 1:
        raise invalid(f"A rule must have one action of the types {', '.join(_KINDS)}, and has {len(actions)}")
    match actions[0]["Type"]:
        case "forward":
            _check_forward(backend, balancer, actions[0])
        case "redirect":
            _check_redirect(actions[0].get("RedirectConfig") or {})
        case _:
            _check_fixed(actions[0].get("FixedResponseConfig") or {})


def _check_forward(backend: ELBv2Backend, balancer: FakeLoadBalancer, action: dict[str, Any]) -> None:
    groups = groups_of_action(action)
    if not groups:
        raise invalid("A target group ARN must be specified")
    if len(groups) > _MOST_GROUPS:
        raise ELBClientError(
            "TooManyTargetGroups", f"An action can forward to at most {_MOST_GROUPS} target groups"
        )
    sticky = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
    if str(sticky.get("Enabled")).lower() == "true":
        require_number("DurationSeconds", sticky.get("DurationSeconds"), 1, 604_800)
    for arn, weight in groups:
        require_number("Weight", weight, 0, 999)
        group = backend.target_groups.get(arn)
        if group is None:
            raise ActionTargetGroupNotFoundError(arn)
        if group.vpc_id != balancer.vpc_id:
            raise invalid(f"The target group '{arn}' is not in the VPC of the load balancer")
        if others := [one for one in group.load_balancer_arns if one != balancer.arn]:
            raise ELBClientError(
                "TargetGroupAssociationLimit",
                f"The target group '{arn}' is associated with the load balancer '{others[0]}' already",
            )


def _check_redirect(config: dict[str, Any]) -> None:
    require_one_of("StatusCode", config.get("StatusCode"), ("HTTP_301", "HTTP_302"))
    require_one_of("Protocol", config.get("Protocol", "#{protocol}"), ("HTTP", "HTTPS", "#{protocol}"))
    if config.get("Query", "#{query}") == "#{query}" and all(
        str(config.get(key, value)) == value for key, value in _UNCHANGED.items()
    ):
        raise ELBClientError(
            "InvalidLoadBalancerAction",
            "The redirect configuration is not valid because it creates a loop. You must modify one of the "
            "following components: protocol, port, host or path",
        )
    if not str(config.get("Path", "/")).startswith("/"):
        raise invalid(f"The path '{config['Path']}' of a redirect must begin with '/'")


def _check_fixed(config: dict[str, Any]) -> None:
    if not config.get("StatusCode"):
        raise invalid("A status code must be specified for a fixed response")
    if len(config.get("MessageBody") or "") > _LONGEST_BODY:
        raise invalid(f"The message body of a fixed response has at most {_LONGEST_BODY} characters")
