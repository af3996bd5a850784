"""The program `jobfleet-scaler`: one scaler, until SIGTERM or SIGINT."""

import argparse
import signal
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from jobfleet_jobs.credentials.fitness import strip_environment
from jobfleet_jobs.protocol.names import BadStackName
from jobfleet_jobs.systemd import notify
from jobfleet_jobs.version import __version__

from jobfleet_scaling.aws.clients import AwsClients
from jobfleet_scaling.aws.metadata import Metadata
from jobfleet_scaling.settings import BadSettings, ScalerSettings, from_file
from jobfleet_scaling.wiring import ScalerSurroundings, build

DEFAULT_CONFIG = Path("/etc/jobfleet/scaler.toml")


class Exit(IntEnum):
    """What the process's exit code means."""

    STOPPED = 0
    UNKNOWN_HOST = 1  # the metadata service did not answer: starting again may help
    USAGE = 2  # argparse's own
    CONFIG = 78  # EX_CONFIG of sysexits.h: starting again does not help


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a scaler; return the exit code."""
    options = _parser().parse_args(arguments)
    strip_environment()
    try:
        settings = from_file(options.config)
    except (BadSettings, BadStackName) as problem:
        sys.stderr.write(f"scaler: {problem}\n")
        return Exit.CONFIG
    # Nothing is waited for by whoever starts after it, such as the worker.
    notify("READY=1")
    metadata = Metadata()
    who = settings.instance_id or metadata.instance_id()
    if not who:
        sys.stderr.write(
            "scaler: the metadata service does not tell which instance this is: "
            f"give instance_id in {options.config}\n"
        )
        return Exit.UNKNOWN_HOST
    return _run(settings, who, metadata)


def _run(settings: ScalerSettings, who: str, metadata: Metadata) -> int:
    clients = AwsClients(settings.region, settings.endpoint_url)
    service = build(settings, who, clients, ScalerSurroundings(metadata=metadata))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop.set())
    service.run()
    return Exit.STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jobfleet-scaler",
        description="Decides how many workers a jobfleet stack has, and drains this host before it goes.",
    )
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="settings file (default: %(default)s)"
    )
    parser.add_argument("--version", action="version", version=f"jobfleet {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
