"""What a run changes: each thing as it is beside what it should be, changed unless the run only looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class Changes:
    """Notes every difference, and removes it unless `dry` is set (check mode)."""

    def __init__(self, *, dry: bool) -> None:
        self.dry = dry
        self.names: list[str] = []
        self.warnings: list[str] = []
        self._differences: list[dict[str, str]] = []

    def ensure(self, name: str, held: Any, wanted: Any, make: Callable[[], Any]) -> bool:
        """Call `make` if what is `held` is not what is `wanted`; tell whether it differed.

        Both are shown with `--diff`, so neither may hold a secret. None stands for what is not there.
        """
        if held == wanted:
            return False
        if not self.dry:
            make()
        # What was refused has changed nothing.
        self.names.append(name)
        self._differences.append(
            {"before_header": name, "before": _shown(held), "after_header": name, "after": _shown(wanted)}
        )
        return True

    def result(self) -> dict[str, Any]:
        """Return what the task's result tells of it."""
        return {
            "changed": bool(self.names),
            "mended": self.names,
            "diff": self._differences,
            "warnings": self.warnings,
        }


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value if value.endswith("\n") else f"{value}\n"
    return "" if value is None else json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"
