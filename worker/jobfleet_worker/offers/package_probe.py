"""The probe of a package: a process that loads one operation and writes down what it declares.

A process of its own, because loading runs the package's code: it may raise, hang, swell or crash, and
`offers.package_discovery` tells from outside which it was.
"""

import argparse
import json
import os
import resource
import signal
from importlib.metadata import EntryPoint
from typing import Any

from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.operations.custom import GROUP, Own
from jobfleet_jobs.operations.declaration_json import to_json

# What is wrong with a package is told in so many characters.
WHY_MAX_CHARACTERS = 300


def main() -> None:
    """Write JSON to the file descriptor that is named: a `declaration`, or `broken` with the reason."""
    parser = argparse.ArgumentParser()
    parser.add_argument("value", help="the entry point: module:object")
    parser.add_argument("--to", type=int, required=True, help="the file descriptor to write to")
    parser.add_argument("--memory", type=int, required=True, help="bytes of address space")
    parser.add_argument("--seconds", type=int, required=True)
    options = parser.parse_args()
    # Whoever waits ends it earlier; this is for when nobody waits any more.
    signal.alarm(2 * options.seconds)
    resource.setrlimit(resource.RLIMIT_AS, (options.memory, options.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = json.dumps(probe_entry(options.value)).encode()
    os.write(options.to, found)
    # Threads of the package's own may never end.
    os._exit(0)


def probe_entry(value: str) -> dict[str, Any]:
    """Load an entry point; return its declaration, or what is wrong."""
    try:
        loaded = EntryPoint("", value, GROUP).load()
    except BaseException as problem:  # noqa: BLE001 - it is somebody else's code: whatever it is, it is told
        return {"broken": f"it cannot be loaded: {_words(problem)}"}
    if not isinstance(loaded, Own):
        kind = type(loaded).__name__
        return {"broken": f"{value} is a {kind}, not what jobfleet_jobs.operation makes (docs/operations.md)"}
    return {"declaration": to_json(loaded.declaration)}


def _words(problem: BaseException) -> str:
    return redact(f"{type(problem).__name__}: {problem}")[:WHY_MAX_CHARACTERS]


if __name__ == "__main__":
    main()
