"""The commands that start, stop and show a cloud; words go to `say`, and nothing is printed."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.commands.ask_server import ask_status, server_of
from localcloud.errors import HostsUnavailableError, LocalcloudError
from localcloud.hosts.capability import prepare_hosts
from localcloud.hosts.cleanup import remove_leftovers, remove_run_folder
from localcloud.hosts.disks.base_image import Say
from localcloud.state import (
    DELAYS,
    ROLE_SECONDS,
    RUN_VARIABLE,
    TIME_SCALE,
    VCPUS,
    CloudSettings,
    Delays,
    RunFolder,
    ServerInfo,
)

DEFAULT_PORT = 5577
REGION = "us-east-1"

# moto takes a second or two to import; a loaded machine takes longer.
_START_SECONDS = 60.0
# The server destroys its hosts within 15 s, or is killed and they are cleaned up from outside.
_STOP_SECONDS = 20.0
_PAUSE_SECONDS = 0.05

_HINT = 'to use it: eval "$(python -m localcloud env)"'


@dataclass(frozen=True)
class Wishes:
    """What a person asked of `up`; see `state.Settings`."""

    port: int | None = None
    lab: bool = False
    iam: bool = False
    role_seconds: int = ROLE_SECONDS
    role_delay: int = 0
    vcpus: int = VCPUS
    delays: Delays = DELAYS
    time_scale: float = TIME_SCALE
    lives_with: int | None = None


def up(run: RunFolder, wishes: Wishes, say: Say) -> None:
    """Start the cloud; if it is up, only say so. Raises `LocalcloudError`."""
    with run.locked():
        info = run.read_server_info()
        if info is not None:
            problems = _problems(info)
            say(f"already up at {info.endpoint}")
            for problem in problems:
                say(f"but {problem}; then run `down` and `up`")
            say(_HINT)
            return
        port_before = run.read_last_port()
        for removed in remove_leftovers(run):
            say(f"removed of a killed cloud: {removed}")
        run.write_settings(_settings(run, wishes, port_before, say))
        info = _start_server(run)
        problems = _problems(info)
    say(f"up at {info.endpoint}")
    for problem in problems:
        say(f"but {problem}")
    say(_HINT)


def _problems(info: ServerInfo) -> list[str]:
    """Return what this machine cannot do, each as a sentence."""
    found = ask_status(info)
    return [found[name] for name in ("hosts_problem", "balancers_problem") if found[name] is not None]


def _settings(run: RunFolder, wishes: Wishes, port_before: int | None, say: Say) -> CloudSettings:
    image, ssh_port, problem = "", 0, None
    try:
        folder, ssh_port = prepare_hosts(run, say)
        image = str(folder)
    except HostsUnavailableError as error:
        problem = str(error)
    return CloudSettings(
        # Programs that knew a cloud that was killed find the next one where it was.
        port=wishes.port or port_before or DEFAULT_PORT,
        port_is_fixed=wishes.port is not None,
        image=image,
        ssh_port=ssh_port,
        hosts_problem=problem,
        lab=wishes.lab,
        iam=wishes.iam,
        role_seconds=wishes.role_seconds,
        delays=wishes.delays,
        role_delay=wishes.role_delay,
        vcpus=wishes.vcpus,
        time_scale=wishes.time_scale,
        lives_with=wishes.lives_with,
    )


def _without_the_person() -> dict[str, str]:
    """Return the environment without the person's own AWS: it is not needed, and may be garbled."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def _start_server(run: RunFolder) -> ServerInfo:
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
    with run.server_log.open("a") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "localcloud.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**_without_the_person(), RUN_VARIABLE: str(run.path), "PYTHONPATH": path},
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        info = run.read_server_info()
        if info is not None and server.pid == info.pid:
            return info
        if server.poll() is not None:
            raise LocalcloudError(
                f"the server did not start: {_last_line(run.server_log)} ({run.server_log})"
            )
        time.sleep(_PAUSE_SECONDS)
    server.kill()
    raise LocalcloudError(f"the server did not answer within {_START_SECONDS:.0f} s: see {run.server_log}")


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]


def down(run: RunFolder, say: Say) -> None:
    """Stop the server and remove all it made. Raises `LocalcloudError`."""
    if not run.is_ours():
        say("not up, nothing to do")
        return
    with run.locked():
        info = run.read_server_info()
        if info is not None:
            _stop_server(run, info)
        remove_run_folder(run)
    say("down")


def _stop_server(run: RunFolder, info: ServerInfo) -> None:
    try:
        server = os.pidfd_open(info.pid)
    except ProcessLookupError:
        return  # it ended just now
    try:
        # It still holds the lock: the descriptor is the server's, not that of a later process with its id.
        if not run.server_is_alive():
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(server, number)
            if select.select([server], [], [], _STOP_SECONDS)[0]:
                return
    finally:
        os.close(server)
    raise LocalcloudError(f"the server, process {info.pid}, does not die: see {run.server_log}")


def status(run: RunFolder) -> dict[str, Any]:
    """Return `up`, `run`; if up, also `endpoint`, `hosts_bootable`, and what the server tells."""
    info = run.read_server_info()
    found: dict[str, Any] = {"up": info is not None, "run": str(run.path)}
    if info is None:
        return found
    return {**found, "endpoint": info.endpoint, **ask_status(info)}


def status_words(found: dict[str, Any]) -> str:
    """Return what `status` found as lines for people."""
    if not found["up"]:
        return "not up; start it with: python -m localcloud up"
    kind = "a lab" if found["lab"] else "no limits"
    lines = [f"up at {found['endpoint']}, {kind}, session {found['session']}, state in {found['run']}"]
    lines.append("hosts can be booted" if found["hosts_bootable"] else found["hosts_problem"])
    lines.append(found["balancers_problem"] or "load balancers can be made")
    lines += [f"{host['id']}  {host['state']:<13}  {host['address'] or '-'}" for host in found["hosts"]]
    lines += [_group_words(group) for group in found["groups"]]
    lines += [
        f"load balancer {one['name']}: {one['problem'] or one['address']}" for one in found["balancers"]
    ]
    return "\n".join(lines)


def _group_words(group: dict[str, Any]) -> str:
    bounds = f"desired {group['desired']} of {group['min']} to {group['max']}"
    states = ", ".join(f"{name} {state}" for name, state in group["instances"].items())
    suspended = f"; suspended: {', '.join(group['suspended'])}" if group["suspended"] else ""
    return f"group {group['name']}: {bounds}; {states or 'no instances'}{suspended}"


def variables_in_the_way(environment: Mapping[str, str]) -> list[str]:
    """Return the variables whose presence would lead AWS programs elsewhere."""
    names = {"AWS_DEFAULT_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"} & environment.keys()
    services = {name for name in environment if name.startswith("AWS_ENDPOINT_URL_")}
    return ["AWS_PROFILE", *sorted(names | services)]


def environment(run: RunFolder) -> dict[str, str]:
    """Return the variables that point AWS programs at the cloud. Raises `LocalcloudError` if it is not up."""
    info = server_of(run)
    return {
        **_no_proxy(os.environ),
        "AWS_ENDPOINT_URL": info.endpoint,
        "AWS_ACCESS_KEY_ID": info.credential["key_id"],
        "AWS_SECRET_ACCESS_KEY": info.credential["secret"],
        "AWS_SESSION_TOKEN": info.credential["token"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def _no_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Where a proxy is in use, keep it out of the way to this machine."""
    if not {name.lower() for name in environment} & {"http_proxy", "all_proxy"}:
        return {}
    present = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    hosts = present if "127.0.0.1" in present.split(",") else ",".join(filter(None, [present, "127.0.0.1"]))
    return {"no_proxy": hosts, "NO_PROXY": hosts}
