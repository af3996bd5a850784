"""The program `jobfleet-worker`: one worker, until SIGTERM or SIGINT, which let the jobs in hand finish."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.credentials import clock_skew
from jobfleet_jobs.credentials.fitness import strip_environment
from jobfleet_jobs.credentials.redaction import redact, redact_all
from jobfleet_jobs.protocol.names import BadStackName

from jobfleet_worker import settings as where
from jobfleet_worker.aws.clients import VERSION, Clients, NoCredentialsFound, make_clients
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.offers.package_discovery import discover
from jobfleet_worker.settings import BadSettings, WorkerSettings
from jobfleet_worker.wiring import build

DEFAULT_CONFIG = Path("/etc/jobfleet/worker.toml")


class Exit(IntEnum):
    """What the process's exit code means."""

    STOPPED = 0
    UNREACHABLE = 1  # no credentials yet, or the account could not be asked for: starting again may help
    USAGE = 2  # argparse's own
    BROKEN = 70  # EX_SOFTWARE: a thread died of a fault of the worker's own
    CONFIG = 78  # EX_CONFIG of sysexits.h: starting again does not help


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker; return the exit code."""
    options = _parser().parse_args(arguments)
    strip_environment()
    if options.offer:
        return _tell_offer(options)
    try:
        settings, clients = _settings_and_clients(options)
        offer = make_offer(settings, discover(settings))
        worker = build(settings, clients, offer)
    except (BadSettings, BadStackName) as problem:
        sys.stderr.write(f"worker: {problem}\n")
        return Exit.CONFIG
    except NoCredentialsFound as problem:
        sys.stderr.write(f"worker: {redact(str(problem))}\n")
        return Exit.UNREACHABLE
    except (BotoCoreError, ClientError) as problem:
        skewed = clock_skew.why_refused(problem.response) if isinstance(problem, ClientError) else None
        why = skewed or redact(str(problem))
        sys.stderr.write(f"worker: the account cannot be found out: {why}\n")
        return Exit.UNREACHABLE
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop.stop())
    journal = worker.journal
    journal.tell("started", version=VERSION, stack=settings.stack, region=settings.region, pid=os.getpid())
    for broken in offer.broken:
        journal.tell("operation-broken", package=broken.package, entry=broken.entry, why=broken.why)
    well = worker.engine.run()
    journal.tell("stopped")
    # If this fails, the lines lie in the spool, and the next start uploads them.
    with suppress(BotoCoreError, ClientError):
        journal.upload()
    return Exit.STOPPED if well else Exit.BROKEN


def _tell_offer(options: argparse.Namespace) -> int:
    """Print what a worker with these settings would say of its operations in its heartbeat."""
    try:
        if options.stack or options.region:
            raise BadSettings("--offer asks no account: give --config, and neither --stack nor --region")
        settings = where.from_file(options.config)
    except (BadSettings, BadStackName) as problem:
        sys.stderr.write(f"worker: {problem}\n")
        return Exit.CONFIG
    offer = make_offer(settings, discover(settings))
    sys.stdout.write(json.dumps(redact_all(offer.sign()), sort_keys=True) + "\n")
    return Exit.STOPPED


def _settings_and_clients(options: argparse.Namespace) -> tuple[WorkerSettings, Clients]:
    if options.stack and options.region:
        clients = make_clients(options.region, os.environ.get("AWS_ENDPOINT_URL") or None)
        account = clients.sts.get_caller_identity()["Account"]
        return where.from_stack(options.stack, options.region, account), clients
    if options.stack or options.region:
        raise BadSettings("give --stack and --region together, or --config")
    settings = where.from_file(options.config)
    return settings, make_clients(settings.region, settings.endpoint_url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobfleet-worker", description="A jobfleet worker.")
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG,
        help="settings file, - for standard input (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--stack", help="derive everything from this stack name instead, with --region")
    parser.add_argument("--region", help="the stack's region")
    parser.add_argument(
        "--offer", action="store_true",
        help="print as JSON which operations a worker offers here, and end; it needs no account",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"jobfleet {VERSION}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
