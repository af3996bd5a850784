"""Which variables do not go with a fleet that scales, each with why. Its own bounds are in `aws_limits`."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.module_utils.preflight.aws_limits import Rule


def _is_zero(value: Any) -> bool:
    return str(value) in ("0", "0.0")


def _is_off(value: Any) -> bool:
    try:
        return not boolean(value)
    except TypeError:
        return True  # the rule of the variable itself says so


# What variables have to be where the fleet scales.
WITH_SCALING: dict[str, Rule] = {
    "worker_credentials": Rule(
        lambda value: value == "instance_profile",
        "set it to instance_profile. A host that boots by itself has nobody who brings it credentials",
    ),
    "idle_stop_minutes": Rule(
        _is_zero,
        "set it to 0. The fleet ends hosts without work, and nobody starts one that stopped itself",
    ),
    "image": Rule(
        lambda value: value != "none",
        "set it to auto, or scaling to {}. A host that boots by itself has nobody who installs a worker",
    ),
    "web_on_workers": Rule(
        _is_off, "set it to false, and web_count to 1. Workers come and go, and the page would go with them"
    ),
}


def against_scaling(values: dict[str, Any]) -> dict[str, str]:
    """Return by variable why it does not go with scaling; `values` are those of a run."""
    return {
        name: f"{name} is {values[name]!r}, which does not go with scaling: {rule.give}"
        for name, rule in WITH_SCALING.items()
        if name in values and not rule.holds(values[name])
    }
