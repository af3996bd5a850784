"""How the fleet scaled in the last hours, for the API, the page and the gauges."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jobfleet.stack.scaling.history import history
from jobfleet.stack.scaling.view import ScalingView

# So many parts of the time are told, and as many of the last decisions.
PARTS, DECISIONS = 90, 20


def scaling_report(view: ScalingView, reach: timedelta) -> Mapping[str, Any]:
    """Return the state, the time of `reach` in parts of equal length, and the last decisions."""
    parts = history(view.lines, view.at - reach, view.at, PARTS)
    return {
        **view.to_json(),
        "hours": reach.total_seconds() / 3_600,
        "history": [
            {"at": part.at.isoformat(timespec="seconds"), "backlog": part.backlog, "wanted": part.wanted,
             "running": part.running}
            for part in parts
        ],
        "decisions": [json.loads(line.to_json()) for line in reversed(view.decisions[-DECISIONS:])],
    }  # fmt: skip
