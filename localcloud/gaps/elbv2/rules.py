"""Rules of listeners: what they may want and do, and their order."""

from typing import Any

from moto.elbv2.exceptions import (
    DuplicatePriorityError,
    ELBClientError,
    PriorityInUseError,
    RuleNotFoundError,
)
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeListenerRule, FakeRule

from localcloud.gaps.elbv2.checks.actions import check_actions
from localcloud.gaps.elbv2.checks.conditions import check_conditions
from localcloud.gaps.elbv2.checks.refusals import require_number
from localcloud.gaps.elbv2.running import engine
from localcloud.gaps.elbv2.shapes import CONFIGS, whole_action, whole_condition
from localcloud.gaps.patching import put_over

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_RULES = 100
_HIGHEST_PRIORITY = 50_000


def mend() -> None:
    """Mend all gaps of rules."""
    _a_new_one_is_checked()
    _a_changed_one_is_checked()
    _they_are_in_order()
    put_over(ELBv2Backend, "set_rule_priorities", _set_rule_priorities)
    _an_unknown_one_cannot_be_deleted()


def _a_new_one_is_checked() -> None:
    """CreateRule holds to the limits of AWS. moto takes any priority, and characters that AWS does not.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
    """
    create = ELBv2Backend.create_rule

    def create_rule(
        backend: ELBv2Backend,
        listener_arn: str,
        conditions: list[dict[str, Any]],
        priority: int,
        actions: list[dict[str, Any]],
        tags: list[dict[str, str]] | None = None,
    ) -> FakeListenerRule:
        number = require_number("Priority", priority, 1, _HIGHEST_PRIORITY)
        listener = backend.describe_listeners(None, [listener_arn])[0]
        balancer = backend.load_balancers[listener.load_balancer_arn]
        if sum(len(one._non_default_rules) for one in balancer.listeners.values()) >= _MOST_RULES:
            raise ELBClientError("TooManyRules", f"A load balancer has at most {_MOST_RULES} rules.")
        check_actions(backend, balancer, actions)
        backend._validate_conditions(conditions)
        check_conditions(conditions)
        made: FakeListenerRule = create(
            backend,
            listener_arn,
            [whole_condition(one) for one in conditions],
            number,
            [whole_action(one) for one in actions],
            tags,
        )
        engine.wake()
        return made

    put_over(ELBv2Backend, "create_rule", create_rule)
    # moto's own check of conditions allows one value where AWS's answers have two ways; ours is above.
    check = ELBv2Backend._validate_conditions

    def validate_once(backend: ELBv2Backend, conditions: list[dict[str, Any]]) -> None:
        check(backend, [one for one in conditions if not _is_whole(one)])

    put_over(ELBv2Backend, "_validate_conditions", validate_once)


def _is_whole(condition: dict[str, Any]) -> bool:
    return "Values" in condition and CONFIGS.get(condition.get("Field", "")) in condition


def _a_changed_one_is_checked() -> None:
    """ModifyRule takes what CreateRule takes; moto changes default rules too.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
    """
    modify = ELBv2Backend.modify_rule

    def modify_rule(
        backend: ELBv2Backend,
        rule_arn: str,
        conditions: list[dict[str, Any]],
        actions: list[dict[str, Any]],
    ) -> FakeRule:
        rule = backend.describe_rules(None, [rule_arn])[0]
        if rule.is_default:
            raise ELBClientError("OperationNotPermitted", f"Default rule '{rule_arn}' cannot be modified")
        listener = backend.describe_listeners(None, [rule.listener_arn])[0]
        if actions:
            check_actions(backend, backend.load_balancers[listener.load_balancer_arn], actions)
        if conditions:
            backend._validate_conditions(conditions)
            check_conditions(conditions)
        changed: FakeRule = modify(
            backend,
            rule_arn,
            [whole_condition(one) for one in conditions],
            [whole_action(one) for one in actions],
        )
        engine.wake()
        return changed

    put_over(ELBv2Backend, "modify_rule", modify_rule)


def _they_are_in_order() -> None:
    """Rules are evaluated, and described, in the order of their priorities, the default one last.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
    moto keeps the order in which they were made.
    """

    def rules(listener: FakeListener) -> dict[Any, Any]:
        several = sorted(listener._non_default_rules.items(), key=lambda one: int(one[1].priority))
        return {**dict(several), **listener._default_rule}

    put_over(FakeListener, "rules", property(rules))


def _set_rule_priorities(backend: ELBv2Backend, rule_priorities: list[dict[str, Any]]) -> list[FakeRule]:
    """SetRulePriorities lets rules of one listener change places in one call. moto refuses that.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
    """
    wanted = {
        one["RuleArn"]: require_number("Priority", one["Priority"], 1, _HIGHEST_PRIORITY)
        for one in rule_priorities
    }
    numbers = list(wanted.values())
    for number in numbers:
        if numbers.count(number) > 1:
            raise DuplicatePriorityError(str(number))
    changed = backend.describe_rules(None, list(wanted))
    if len({rule.listener_arn for rule in changed}) > 1 or any(rule.is_default for rule in changed):
        raise ELBClientError(
            "OperationNotPermitted", "All rules must belong to one listener, and be no default rule"
        )
    listener = backend.describe_listeners(None, [changed[0].listener_arn])[0]
    others = [rule for arn, rule in listener._non_default_rules.items() if arn not in wanted]
    if any(int(rule.priority) in numbers for rule in others):
        raise PriorityInUseError()
    for rule in changed:
        rule.priority = wanted[rule.arn]
    engine.wake()
    return changed


def _an_unknown_one_cannot_be_deleted() -> None:
    """DeleteRule refuses a rule that there is not, and default rules. moto overlooks both.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteRule.html
    """

    def delete_rule(backend: ELBv2Backend, arn: str) -> None:
        for balancer in list(backend.load_balancers.values()):
            for listener in balancer.listeners.values():
                found = listener.rules
                if any(rule.arn == arn and rule.is_default for rule in found.values()):
                    raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
                if arn in found:
                    listener.remove_rule(arn)
                    engine.wake()
                    return
        raise RuleNotFoundError(f"ListenerRule '{arn}' not found")

    put_over(ELBv2Backend, "delete_rule", delete_rule)
