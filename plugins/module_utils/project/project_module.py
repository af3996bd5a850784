"""Modules of the project's own packages, whose rules count here as well."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

PROJECT = Path(__file__).parents[3]


def project_module(name: str) -> ModuleType:
    """Return a module of the client's, the worker's, the web tier's or of `jobs`."""
    for folder in ("jobs", "scaling", "worker", "client", "web"):
        # Where Ansible is not of the project's own virtual environment.
        if str(PROJECT / folder) not in sys.path:
            sys.path.append(str(PROJECT / folder))
    return importlib.import_module(name)
