"""Operations that do harm, for workers that tests start with this folder on PYTHONPATH.

Python imports this by itself in every process, those of the pool too; the product knows nothing of it.
"""

import os
import sys
import time
import types
from typing import Any

from jobs.catalogue import OPERATIONS, Operation


def hang(image: Any) -> Any:
    while True:
        time.sleep(0.1)


def swell(image: Any) -> Any:
    hoard = []
    while True:
        hoard.append(bytearray(50_000_000))


def die(image: Any) -> Any:
    os._exit(7)


def stumble(image: Any) -> Any:
    raise ZeroDivisionError("stumbled")


for _function in (hang, swell, die, stumble):
    _name = _function.__name__
    OPERATIONS[_name] = Operation(_name, "image", "Does harm.")  # type: ignore[index]
    _module = types.ModuleType(f"worker.operations.{_name}")
    setattr(_module, _name, _function)
    sys.modules[_module.__name__] = _module
