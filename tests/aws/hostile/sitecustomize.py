"""Operations that do harm, or say a great deal, for workers that tests start with this folder on PYTHONPATH.

Python imports this by itself in every process, those of the pool too; the product knows nothing of it.
"""

import os
import sys
import time
import types
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_worker.operations.run import module_of


def hang(image: Any) -> Any:
    while True:
        time.sleep(0.1)


def swell(image: Any) -> Any:
    hoard = []
    while True:
        hoard.append(bytearray(50_000_000))


def die(image: Any) -> Any:
    os._exit(7)


def quit_cleanly(image: Any) -> Any:
    os._exit(0)


def leave(image: Any) -> Any:
    sys.exit(0)


def stumble(image: Any) -> Any:
    raise ZeroDivisionError("stumbled")


for _function in (hang, swell, die, quit_cleanly, leave, stumble):
    _name = _function.__name__
    OPERATIONS[_name] = Operation(_name, "image", "Does harm.")  # type: ignore[index]
    _module = types.ModuleType(module_of(OPERATIONS[_name]))
    setattr(_module, _name, _function)
    sys.modules[_module.__name__] = _module


def recite(numbers: Any) -> Any:
    """Say so many letters as the first number asks for."""
    return {"words": "x" * int(numbers[0])}


OPERATIONS["recite"] = Operation(  # type: ignore[index]
    "recite", "numbers", "Says a great deal.", gives="answer"
)
_module = types.ModuleType(module_of(OPERATIONS["recite"]))
_module.recite = recite  # type: ignore[attr-defined]
sys.modules[_module.__name__] = _module
