"""The server process: moto's web application with real hosts, until SIGTERM or the end of another process.

`up` starts it as `python -m localcloud.server`, with the settings in the run folder.
"""

import fcntl
import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from localcloud.balancers.haproxy.proxy import HaProxy, find_problem
from localcloud.control.admin_paths import Action, Admin
from localcloud.control.end_of_life import end_of_life
from localcloud.control.group_actions import group_actions
from localcloud.control.session import Session
from localcloud.ec2.machine_images import images_json, late_bases
from localcloud.errors import HostsUnavailableError
from localcloud.hosts import firewall
from localcloud.hosts.addresses import AddressRange
from localcloud.iam.keyring import Keyring, Kind
from localcloud.lateness.door import guard as lateness_guard
from localcloud.lateness.register import late
from localcloud.state import ADMIN_PATH, CloudSettings, RunFolder, ServerInfo, cache_folder, write_whole
from localcloud.wire.connection import bound_socket, remember_caller

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from localcloud.door.front_gate import Gate, Guard
    from localcloud.door.requests_log import RequestsLog
    from localcloud.ec2.fleet import HostFleet
    from localcloud.ec2.lab_limits import Lab
    from localcloud.ec2.vcpu_quota import VcpuQuota
    from localcloud.iam.permissions import Permissions
    from localcloud.scaling_groups.engine import GroupEngine

log = logging.getLogger(__name__)

# Destroying a host takes a tenth of a second; they go in parallel.
_DESTROY_SECONDS = 15.0

_STOP_POLL_SECONDS = 0.1

_LOCK_ATTEMPTS, _LOCK_PAUSE_SECONDS = 200, 0.01


def _configure_moto(run: RunFolder) -> None:
    """Set what moto reads from the environment, most of it while it is imported. Raises `RuntimeError`."""
    if "moto" in sys.modules:
        raise RuntimeError("moto was imported before it was configured: import what needs it in functions")
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


def _prepare_ec2(run: RunFolder, settings: CloudSettings, keyring: Keyring) -> "HostFleet | str":
    """Return the fleet, or why there cannot be one."""
    from localcloud.ec2 import launching
    from localcloud.ec2.fleet import HostFleet
    from localcloud.ec2.instance_metadata import RoleKeys
    from localcloud.hosts.disks.layers import Layers
    from localcloud.hosts.host import HostSite

    if settings.hosts_problem is not None:
        launching.refuse_hosts(settings.hosts_problem)
        return settings.hosts_problem
    try:
        addresses = AddressRange.claim()
        if settings.ssh_port != firewall.SSH_PORT:
            firewall.redirect_ssh(run.cloud, addresses.network, settings.ssh_port)
    except HostsUnavailableError as error:
        launching.refuse_hosts(str(error))
        return str(error)
    layers = Layers(Path(settings.image), run.layers, late_bases(cache_folder(), log.info))
    site = HostSite(layers, run.hosts, run.cloud, settings.ssh_port)
    fleet = HostFleet(site, addresses, RoleKeys(keyring, settings.role_seconds, settings.role_delay))
    launching.use_hosts(fleet)
    return fleet


def _prepare_balancers(fleet: "HostFleet | str") -> str | None:
    """Let load balancers have addresses of the hosts' range, or of one of their own without hosts.

    Returns why there cannot be any; None if there can.
    """
    from localcloud.gaps.elbv2.running import addresses

    if problem := find_problem():
        addresses.refuse(problem)
    else:
        addresses.use(AddressRange.claim if isinstance(fleet, str) else lambda: fleet.addresses)
    return problem


class _Application:
    """moto behind the gate and the requests log, plus what the commands ask for."""

    def __init__(self, gate: "Gate", log: "RequestsLog", admin: Admin) -> None:
        self._gate = gate
        self._log = log
        self._admin = admin

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(ADMIN_PATH):
            return self._admin.answer(environ, start_response)
        remember_caller(environ)
        return self._log.record(self._gate, environ, start_response)


def _status(
    fleet: "HostFleet | str", settings: CloudSettings, session: Session, groups: "GroupEngine"
) -> dict[str, Any]:
    instances = [] if isinstance(fleet, str) else fleet.instances
    return {
        "lab": settings.lab,
        "session": "ended" if session.has_ended else "under way",
        "hosts_bootable": not isinstance(fleet, str),
        "hosts_problem": fleet if isinstance(fleet, str) else None,
        "hosts": [{"id": one.id, "state": one.state, "address": one.public_ip} for one in instances],
        "groups": groups.summary(),
    }


def _listen(application: "WSGIApplication", settings: CloudSettings) -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):
        # Replies are small and many; waiting to fill packets only delays them.
        disable_nagle_algorithm = True

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's own name
            """Say nothing: the requests log does."""

    wishes = [settings.port] if settings.port_is_fixed else [settings.port, 0]
    if (listening := bound_socket(wishes)) is None:
        sys.exit(f"port {settings.port} is taken: name another with --port, or none to get a free one")
    with listening as bound:
        address, port = bound.getsockname()
        # werkzeug takes a copy of the socket.
        return make_server(
            address, port, application, threaded=True, request_handler=QuietHandler, fd=bound.fileno()
        )


def _serve(run: RunFolder, settings: CloudSettings) -> None:
    _configure_moto(run)
    # Only now may moto be imported, and what imports it.
    from localcloud.door.requests_log import RequestsLog
    from localcloud.gaps import timing
    from localcloud.gaps.autoscaling.running import engine
    from localcloud.gaps.cloudwatch.minute import MinuteByMinute
    from localcloud.gaps.elbv2.running import engine as balancers
    from localcloud.iam.ordered_refusals import orders

    keyring = _prepare_keys()
    fleet = _prepare_ec2(run, settings, keyring)
    balancers_problem = _prepare_balancers(fleet)
    session = Session(keyring, None if isinstance(fleet, str) else fleet)
    lab = _prepare_lab(fleet) if settings.lab else None
    permissions = _prepare_permissions(settings)
    environment = keyring.issue(Kind.ENVIRONMENT)
    secret = secrets.token_urlsafe(32)
    guards = [permissions.guard] if lab is None else [lab.guard, permissions.guard]
    guards += [orders.guard, lateness_guard]
    late.set(settings.delays)
    timing.set_scale(settings.time_scale)
    # Before the gaps are mended: only then is a launch template's instance type known to it.
    quota = _prepare_quota(settings)
    moto = _moto_behind_gate(keyring, guards)

    def status() -> dict[str, Any]:
        found = _status(fleet, settings, session, engine)
        return found | {"balancers_problem": balancers_problem, "balancers": balancers.summary()}

    admin = Admin(
        secret, session, status, _actions(permissions, quota, fleet) | group_actions(engine, orders)
    )
    with RequestsLog(run.requests_log, run.calls_log) as requests_log:
        server = _listen(_Application(moto, requests_log, admin), settings)
        stop = end_of_life(settings.lives_with)
        serve = threading.Thread(target=server.serve_forever, args=(_STOP_POLL_SECONDS,), daemon=True)
        serve.start()
        engine.start()
        balancers.start(HaProxy(run.balancers))
        minutes = MinuteByMinute()
        minutes.start()
        key = {"key_id": environment.key_id, "secret": environment.secret, "token": environment.token or ""}
        run.write_server_info(ServerInfo(os.getpid(), f"http://127.0.0.1:{server.port}", secret, key))
        log.info("listening on port %s", server.port)
        stop.wait()
        log.info("stopping")
        minutes.stop()
        # First, so that nobody makes another host meanwhile.
        server.shutdown()
        engine.stop()
        balancers.stop()
        if not isinstance(fleet, str):
            fleet.destroy_all(_DESTROY_SECONDS)


def _actions(permissions: "Permissions", quota: "VcpuQuota", fleet: "HostFleet | str") -> dict[str, Action]:
    from localcloud.ec2 import spot

    def enforce_iam(asked: dict[str, Any]) -> dict[str, Any]:
        permissions.enforce_iam(bool(asked["on"]))
        return {}

    def give_vcpus(asked: dict[str, Any]) -> dict[str, Any]:
        quota.give(asked["account"], int(asked["vcpus"]))
        return {}

    def give_spot_notice(asked: dict[str, Any]) -> dict[str, Any]:
        instances = [] if isinstance(fleet, str) else fleet.instances
        return spot.give_notice(list(instances), asked["instance"])

    return {"iam": enforce_iam, "vcpus": give_vcpus, "spot-notice": give_spot_notice}


def _prepare_keys() -> Keyring:
    from localcloud.iam.iam_keys import find_in_iam

    return Keyring(find_in_iam)


def _prepare_lab(fleet: "HostFleet | str") -> "Lab":
    from localcloud.ec2.lab_limits import Lab

    lab = Lab()
    if not isinstance(fleet, str):
        fleet.lab = lab
    return lab


def _prepare_quota(settings: CloudSettings) -> "VcpuQuota":
    from localcloud.ec2.vcpu_quota import VcpuQuota

    quota = VcpuQuota(settings.vcpus)
    quota.hold()
    return quota


def _prepare_permissions(settings: CloudSettings) -> "Permissions":
    from localcloud.iam.iam_keys import policies_in_iam
    from localcloud.iam.permissions import Permissions

    return Permissions(policies_in_iam, enforces_iam=settings.iam)


def _moto_behind_gate(keyring: Keyring, guards: "Iterable[Guard]") -> "Gate":
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from localcloud import gaps
    from localcloud.door.front_gate import Gate

    gaps.mend()
    return Gate(DomainDispatcherApplication(create_backend_app), keyring, guards)


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
