"""The server process: moto's web application with real hosts, until SIGTERM.

`up` starts it as `python -m localcloud.server`, with the settings in the run folder.
"""

import fcntl
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from localcloud import firewall
from localcloud.addresses import AddressRange
from localcloud.connection import remember_caller
from localcloud.errors import HostsUnavailableError
from localcloud.images import images_json
from localcloud.requests_log import RequestsLog
from localcloud.state import STATUS_PATH, RunFolder, ServerInfo, Settings, write_whole

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from localcloud.ec2 import Fleet

log = logging.getLogger(__name__)

# Destroying a host takes a tenth of a second; they go in parallel.
_DESTROY_SECONDS = 15.0

_STOP_POLL_SECONDS = 0.1

# Connections that wait to be taken; a burst of clients shall not be refused.
_BACKLOG = 128

_LOCK_ATTEMPTS, _LOCK_PAUSE_SECONDS = 200, 0.01


def _configure_moto(run: RunFolder) -> None:
    """Set what moto reads from the environment, most of it while it is imported."""
    write_whole(run.images_list, images_json())
    os.environ |= {
        "MOTO_AMIS_PATH": str(run.images_list),
        # AWS refuses what does not exist; moto takes anything unless told otherwise.
        "MOTO_ENABLE_AMI_VALIDATION": "true",
        "MOTO_ENABLE_KEYPAIR_VALIDATION": "true",
        "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
        # Somebody else's bucket must not pass for one's own.
        "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",
    }


def _prepare_ec2(run: RunFolder, settings: Settings) -> "Fleet | str":
    """Return the fleet, or why there cannot be one."""
    from localcloud import ec2

    if settings.hosts_problem is not None:
        ec2.refuse_hosts(settings.hosts_problem)
        return settings.hosts_problem
    try:
        addresses = AddressRange.claim()
        if settings.ssh_port != firewall.SSH_PORT:
            firewall.redirect_ssh(run.cloud, addresses.network, settings.ssh_port)
    except HostsUnavailableError as error:
        ec2.refuse_hosts(str(error))
        return str(error)
    fleet = ec2.Fleet(
        image=Path(settings.image),
        folder=run.hosts,
        cloud=run.cloud,
        ssh_port=settings.ssh_port,
        addresses=addresses,
    )
    ec2.use_hosts(fleet)
    return fleet


class _Application:
    """moto behind the requests log, plus the status that `localcloud status` asks for."""

    def __init__(self, moto: "WSGIApplication", log: RequestsLog, fleet: "Fleet | str") -> None:
        self._moto = moto
        self._log = log
        self._fleet = fleet

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == STATUS_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._status()).encode()]
        remember_caller(environ)
        return self._log.record(self._moto, environ, start_response)

    def _status(self) -> dict[str, Any]:
        problem = self._fleet if isinstance(self._fleet, str) else None
        instances = [] if isinstance(self._fleet, str) else self._fleet.instances
        return {
            "hosts_bootable": problem is None,
            "hosts_problem": problem,
            "hosts": [{"id": one.id, "state": one.state, "address": one.public_ip} for one in instances],
        }


def _listen(application: "WSGIApplication", settings: Settings) -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):
        # Replies are small and many; waiting to fill packets only delays them.
        disable_nagle_algorithm = True

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's own name
            """Say nothing: the requests log does."""

    with _bound_socket(settings) as bound:
        address, port = bound.getsockname()
        # werkzeug takes a copy of the socket.
        return make_server(
            address, port, application, threaded=True, request_handler=QuietHandler, fd=bound.fileno()
        )


def _bound_socket(settings: Settings) -> socket.socket:
    """Return a socket on the wished port, or on a free one if the wish was only a default."""
    for port in [settings.port] if settings.port_is_fixed else [settings.port, 0]:
        bound = socket.socket()
        # Without it a port stays taken for a minute after the last server.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
            bound.listen(_BACKLOG)
        except OSError:
            bound.close()
        else:
            return bound
    sys.exit(f"port {settings.port} is taken: name another with --port, or none to get a free one")


def _serve(run: RunFolder, settings: Settings) -> None:
    _configure_moto(run)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from localcloud import gaps

    fleet = _prepare_ec2(run, settings)
    gaps.mend()
    moto = DomainDispatcherApplication(create_backend_app)
    with RequestsLog(run.requests_log) as requests_log:
        server = _listen(_Application(moto, requests_log, fleet), settings)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        serve = threading.Thread(target=server.serve_forever, args=(_STOP_POLL_SECONDS,), daemon=True)
        serve.start()
        run.write_server_info(ServerInfo(os.getpid(), f"http://127.0.0.1:{server.port}"))
        log.info("listening on port %s", server.port)
        stop.wait()
        log.info("stopping")
        # First, so that nobody makes another host meanwhile.
        server.shutdown()
        if not isinstance(fleet, str):
            fleet.destroy_all(_DESTROY_SECONDS)


def main() -> None:
    """Serve the cloud of the run folder in the environment until SIGTERM."""
    # The folder that becomes a host's root is made here, and all users of the host must get in.
    os.umask(0o022)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s %(message)s")
    run = RunFolder.of_environment()
    with run.server_lock.open("w") as lock:
        _take_lock(lock)
        _serve(run, run.read_settings())


def _take_lock(lock: IO[str]) -> None:
    """Take the lock that says this server lives; whoever looks whether it is free holds it for a moment."""
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return
    sys.exit("another server of this cloud is alive")


if __name__ == "__main__":
    main()
