"""`python -m jobfleet_worker`: run one worker until SIGTERM or SIGINT, which let the job in hand finish."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.names import BadStackName

from jobfleet_worker import settings as where
from jobfleet_worker.aws.clients import VERSION, Clients, make_clients
from jobfleet_worker.aws.queues import Queues
from jobfleet_worker.aws.storage import Storage
from jobfleet_worker.clock import SystemClock
from jobfleet_worker.job.dropped_input import Drops
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.offers.package_discovery import discover
from jobfleet_worker.reporting.journal import Journal
from jobfleet_worker.service.engine import Engine
from jobfleet_worker.settings import BadSettings, Settings

DEFAULT_CONFIG = Path("/etc/jobfleet/worker.toml")


class Exit(IntEnum):
    """What the process's exit code means."""

    STOPPED = 0
    UNREACHABLE = 1  # the account could not be asked for, at the start of a worker without a file
    USAGE = 2  # argparse's own
    BROKEN = 70  # EX_SOFTWARE: a thread died of a fault of the worker's own
    CONFIG = 78  # EX_CONFIG of sysexits.h: starting again does not help


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings, clients = _settings_and_clients(options)
        engine, journal = build(settings, clients)
    except (BadSettings, BadStackName) as problem:
        sys.stderr.write(f"worker: {problem}\n")
        return Exit.CONFIG
    except (BotoCoreError, ClientError) as problem:
        sys.stderr.write(f"worker: the account cannot be found out: {problem}\n")
        return Exit.UNREACHABLE
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine.stop())
    journal.tell("started", version=VERSION, stack=settings.stack, region=settings.region, pid=os.getpid())
    for broken in engine.offer.broken:
        journal.tell("operation-broken", package=broken.package, entry=broken.entry, why=broken.why)
    well = engine.run()
    journal.tell("stopped")
    # If this fails, the lines lie in the spool, and the next start uploads them.
    with suppress(BotoCoreError, ClientError):
        journal.upload()
    return Exit.STOPPED if well else Exit.BROKEN


def build(settings: Settings, clients: Clients) -> tuple[Engine, Journal]:
    """Put a worker together. Raises `BadSettings`."""
    clock = SystemClock()
    queues = Queues(clients.sqs, settings)
    storage = Storage(clients.s3, settings.bucket, settings.max_input_bytes)
    journal = Journal(settings.spool, settings.worker_id, storage.write_log, clock)
    drops = Drops(clients.s3, storage, settings.drop_processed)
    offer = make_offer(settings, discover(settings))
    engine = Engine(
        settings, queues, storage, drops, journal, clock, credentials_changed(), version=VERSION, offer=offer
    )
    return engine, journal


def _settings_and_clients(options: argparse.Namespace) -> tuple[Settings, Clients]:
    if options.stack and options.region:
        clients = make_clients(options.region, os.environ.get("AWS_ENDPOINT_URL") or None)
        account = clients.sts.get_caller_identity()["Account"]
        return where.from_stack(options.stack, options.region, account), clients
    if options.stack or options.region:
        raise BadSettings("give --stack and --region together, or --config")
    settings = where.from_file(options.config)
    return settings, make_clients(settings.region, settings.endpoint_url)


def credentials_changed() -> Callable[[], object]:
    """Return what tells whether the credentials file changed, without reading it."""
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")

    def look() -> object:
        try:
            stat = os.stat(path) if path else None  # noqa: PTH116 - None is no path
        except OSError:
            return None
        return stat and (stat.st_mtime_ns, stat.st_ino, stat.st_size)

    return look


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="worker", description="A jobfleet worker.")
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="settings file (default: %(default)s)"
    )
    parser.add_argument("--stack", help="derive everything from this stack name instead, with --region")
    parser.add_argument("--region", help="the stack's region")
    parser.add_argument("--version", action="version", version=f"jobfleet {VERSION}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
