"""The meaning of a job, for all programs that must agree on it, and the names that packages import.

    from jobfleet_jobs import BadJob, Whole, operation

`protocol` has the messages, results and names that client and worker share, `operations` what each
operation takes, `numbers` the readers of numbers. All but `direct_calls` needs the standard library only.
Nothing imports the client (`jobfleet`) or the worker (`jobfleet_worker`).

Names are looked up when they are first used: who needs `protocol` alone does not load the catalogue.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobfleet_jobs.errors import BadJob
    from jobfleet_jobs.operations.custom import File, operation
    from jobfleet_jobs.operations.declaration_json import BadDeclaration
    from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Text, Whole

__all__ = [
    "BadDeclaration", "BadJob", "Choice", "Decimal", "File", "Flag", "Text", "Whole", "operation",
]  # fmt: skip

_HOMES = {
    "BadDeclaration": "operations.declaration_json",
    "BadJob": "errors",
    "File": "operations.custom",
    "operation": "operations.custom",
    **dict.fromkeys(("Choice", "Decimal", "Flag", "Text", "Whole"), "operations.parameters"),
}


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
