"""Who takes uploads: the web tier, alone and behind nginx, and those it is held against."""

import json
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from benchmarks.double.control import Steering, environment
from benchmarks.double.processes import cpu_seconds, running
from benchmarks.peers.task import BUCKET, REGION
from benchmarks.telling.places import ROOT

TOKEN = "token-of-the-benchmark"  # noqa: S105 - of a web tier on loopback that lives for seconds
UPLOAD = "/api/v1/upload?operation=greyscale"
START_SECONDS = 20

WEB, BEHIND_NGINX = "jobfleet-web", "jobfleet-web behind nginx"
NGINX, STARLETTE, FLASK = "nginx alone", "Starlette alone", "Flask in gunicorn"

# As much of a configuration as an upload meets: no disk, no log, kept connections to the application.
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_max_body_size 256m; client_body_buffer_size 64k; server_tokens off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream web {{ server 127.0.0.1:{behind}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port} backlog=2048;
    location / {{ {what} }} }}
}}
"""
_PROXY = (
    "proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ''; "
    "proxy_set_header Host $http_host; proxy_set_header X-Real-IP $remote_addr; "
    "proxy_request_buffering off; proxy_read_timeout 150s;"
)
_STATIC = "return 200 '{}';"


@dataclass(frozen=True)
class Place:
    """Where everything lies that a server needs."""

    steering: Steering
    folder: Path
    web_python: str

    def settings_file(self, **changes: object) -> Path:
        """Write the settings of the web tier: its defaults, but for the stack."""
        token = self.folder / "web-token"
        token.write_text(TOKEN)
        values = {
            "stack": "bench", "region": REGION, "bucket": BUCKET, "endpoint_url": self.steering.endpoint,
            "token_file": str(token), "default_operation": "greyscale", **changes,
        }  # fmt: skip
        path = self.folder / "web.toml"
        path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
        return path


@dataclass(frozen=True)
class Server:
    """A server that runs; `processes` are all that are counted."""

    port: int
    processes: tuple[psutil.Process, ...]

    def cpu(self) -> float:
        """Return the CPU seconds so far."""
        return sum(cpu_seconds(one) for one in self.processes)


def missing(name: str) -> str | None:
    """Return why a server cannot be measured here, or None."""
    if name in (NGINX, BEHIND_NGINX) and shutil.which("nginx") is None:
        return "the program nginx is not installed"
    lacking = [one for one in ("flask", "gunicorn") if name == FLASK and find_spec(one) is None]
    return f"not installed: {', '.join(lacking)}" if lacking else None


@contextmanager
def serving(name: str, place: Place, **settings: object) -> Iterator[Server]:
    """Run one of the servers while the block lasts; `settings` are other ones of the web tier."""
    port, behind = _free_port(), _free_port()
    env = dict(environment(place.steering.endpoint, place.folder))
    python = sys.executable
    options = ("--no-access-log", "--no-server-header", "--log-level", "warning")
    starlette = ("-m", "uvicorn", "benchmarks.web.peers.starlette_app:app", "--port", str(port), *options)
    gunicorn = ("-m", "gunicorn", "benchmarks.web.peers.flask_app:app", "--bind", f"127.0.0.1:{port}",
                "--worker-class", "gthread", "--workers", "1", "--threads", "50", "--backlog", "2048",
                "--log-level", "error")  # fmt: skip
    web_port = behind if name == BEHIND_NGINX else port
    config = place.settings_file(**settings)
    web = (place.web_python, "-m", "jobfleet_web", "--config", str(config), "--bind", f"127.0.0.1:{web_port}")
    commands: Mapping[str, tuple[tuple[str, ...], ...]] = {
        WEB: (web,), BEHIND_NGINX: (web, _nginx(place, port, behind, _PROXY)),
        NGINX: (_nginx(place, port, behind, _STATIC),), STARLETTE: ((python, *starlette),),
        FLASK: ((python, *gunicorn),),
    }  # fmt: skip
    with ExitStack() as closing:
        processes = tuple(
            closing.enter_context(running(one, env=env, cwd=ROOT, log=place.folder / "servers.log"))
            for one in commands[name]
        )
        for one in {port, web_port}:
            _await_port(one, name)
        yield Server(port, processes)


def _nginx(place: Place, port: int, behind: int, what: str) -> tuple[str, ...]:
    path = place.folder / f"nginx-{port}-{what.partition(' ')[0]}.conf"
    path.write_text(_NGINX.format(folder=place.folder, port=port, behind=behind, what=what))
    return "nginx", "-p", str(place.folder), "-e", "stderr", "-c", str(path)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _await_port(port: int, name: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{name} did not start; its words are in servers.log")
