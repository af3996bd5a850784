"""Listeners of the balancer, and the rules by which paths lead to target groups."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible.module_utils.balancer.found import patterns_of, rules_of, unless_missing
from ansible.module_utils.balancer.load_balancer import listed
from ansible.module_utils.balancer.wanted import NEW, WantedRule
from ansible.module_utils.process.patience import NEW_BALANCER, patiently
from ansible.module_utils.scaling.changes import Changes


class Listeners:
    """The listeners of one balancer, by its ARN and name, which is `NEW` where there is none yet."""

    def __init__(self, elbv2: Any, balancer: str, name: str, tags: dict[str, str], changes: Changes) -> None:
        self._api, self._balancer, self._name, self._changes = elbv2, balancer, name, changes
        self._tags = listed(tags)

    def ensure(self, wanted: dict[int, dict[str, Any]], rules: dict[int, WantedRule]) -> None:
        """Have these listeners by port, and no others; the last has the rules.

        It comes first: if AWS does not take its certificate, the others go on leading where they do.
        """
        held = self._held()
        for port, listener in sorted(wanted.items(), reverse=True):
            arn = self._ensure(port, listener, held.get(port))
            self._ensure_rules(port, arn, rules if port == max(wanted) else {})
        for port, listener in held.items():
            if port not in wanted:
                self._changes.ensure(
                    f"listener {port} of {self._name}", _shown(listener), None,
                    partial(self._api.delete_listener, ListenerArn=listener["ListenerArn"]),
                )  # fmt: skip

    def lead_nowhere(self) -> None:
        """Have no rules; every listener gives its default answer."""
        for port, listener in self._held().items():
            self._ensure_rules(port, listener["ListenerArn"], {})

    def _held(self) -> dict[int, dict[str, Any]]:
        if self._balancer == NEW:
            return {}
        found = unless_missing(
            lambda: [
                one
                for page in self._api.get_paginator("describe_listeners").paginate(
                    LoadBalancerArn=self._balancer
                )
                for one in page["Listeners"]
            ]
        )
        return {one["Port"]: one for one in found}

    def _ensure(self, port: int, wanted: dict[str, Any], held: dict[str, Any] | None) -> str:
        arn = held["ListenerArn"] if held else NEW

        def make() -> None:
            nonlocal arn
            if held:
                self._api.modify_listener(ListenerArn=arn, **wanted)
                return
            told = patiently(
                self._api.create_listener, NEW_BALANCER,
                LoadBalancerArn=self._balancer, Tags=self._tags, **wanted,
            )  # fmt: skip
            arn = told["Listeners"][0]["ListenerArn"]

        self._changes.ensure(f"listener {port} of {self._name}", held and _shown(held), _shown(wanted), make)
        return arn

    def _ensure_rules(self, port: int, listener: str, wanted: dict[int, WantedRule]) -> None:
        held = [] if listener == NEW else rules_of(self._api, listener)
        right, changed, extra = matched(held, wanted)
        of = f"of listener {port} of {self._name}"
        for rule in extra:
            self._changes.ensure(
                f"rule {rule['Priority']} {of}", _shown_rule(rule), None,
                partial(self._api.delete_rule, RuleArn=rule["RuleArn"]),
            )  # fmt: skip
        # All at once: the order is never half of the old and half of the new one.
        self._changes.ensure(
            f"order of the rules {of}", {arn: old for arn, (old, _) in right.items()},
            {arn: new for arn, (_, new) in right.items()},
            lambda: self._api.set_rule_priorities(
                RulePriorities=[{"RuleArn": arn, "Priority": new} for arn, (_, new) in right.items()]
            ),
        )  # fmt: skip
        kept = {new for _, new in right.values()}
        for priority, rule in wanted.items():
            if priority not in kept:
                before = changed.get(priority)
                self._changes.ensure(
                    f"rule {priority} {of}", before and _shown_rule(before), _shown_wanted(rule),
                    partial(self._put, listener, priority, rule, before),
                )  # fmt: skip

    def _put(self, listener: str, priority: int, rule: WantedRule, before: dict[str, Any] | None) -> None:
        content = {"Conditions": rule.conditions(), "Actions": rule.actions()}
        if before:
            self._api.modify_rule(RuleArn=before["RuleArn"], **content)
            return
        patiently(
            self._api.create_rule, NEW_BALANCER,
            ListenerArn=listener, Priority=priority, Tags=self._tags, **content,
        )  # fmt: skip


def matched(
    held: list[dict[str, Any]], wanted: dict[int, WantedRule]
) -> tuple[dict[str, tuple[int, int]], dict[int, dict[str, Any]], list[dict[str, Any]]]:
    """Return which rules stay, which get another content, and which go.

    Those that stay are ARNs with the priority that they have and shall have. A rule that does what is wanted
    stays whatever its priority. Another in a wanted one's place gets its content. All others go.
    """
    left = list(held)
    right: dict[str, tuple[int, int]] = {}
    open_: dict[int, WantedRule] = {}
    for priority, rule in wanted.items():
        same = next((one for one in left if _does(one, rule)), None)
        if same:
            left.remove(same)
            right[same["RuleArn"]] = (int(same["Priority"]), priority)
        else:
            open_[priority] = rule
    taken = {old for old, _ in right.values()}
    changed = {int(one["Priority"]): one for one in left if int(one["Priority"]) in open_.keys() - taken}
    return right, changed, [one for one in left if one not in changed.values()]


def _does(held: dict[str, Any], wanted: WantedRule) -> bool:
    return _shown_rule(held) == _shown_wanted(wanted)


def _shown_rule(rule: dict[str, Any]) -> dict[str, Any]:
    patterns = list(patterns_of(rule))
    conditions = {"paths": patterns} if patterns else {"conditions": rule["Conditions"]}
    return {**conditions, "actions": [_plain(one) for one in rule["Actions"]]}


def _shown_wanted(rule: WantedRule) -> dict[str, Any]:
    return {"paths": list(rule.patterns), "actions": [_plain(one) for one in rule.actions()]}


def _shown(listener: dict[str, Any]) -> dict[str, Any]:
    """Return what is compared of a listener: AWS tells more of it than it was given."""
    found = {
        "protocol": listener["Protocol"],
        "default": [_plain(one) for one in listener["DefaultActions"]],
    }
    if listener["Protocol"] == "HTTPS":
        found["policy"] = listener.get("SslPolicy")
        found["certificates"] = [one["CertificateArn"] for one in listener.get("Certificates", [])]
    return found


def _plain(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action without what AWS adds to it."""
    if action["Type"] != "forward":
        return {key: value for key, value in action.items() if key not in ("Order", "TargetGroupArn")}
    forward = action.get("ForwardConfig") or {}
    targets = [one["TargetGroupArn"] for one in forward.get("TargetGroups", [])]
    sticky = (forward.get("TargetGroupStickinessConfig") or {}).get("Enabled", False)
    return {"Type": "forward", "to": targets or [action["TargetGroupArn"]]} | (
        {"sticky": True} if sticky else {}
    )
