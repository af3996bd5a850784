"""nginx as the role `web` configures it, on a loopback address, in front of a Unix socket."""

import getpass
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.preflight.role_inputs import defaults_of, filled_in
from ansible.parsing.dataloader import DataLoader

from tests.abilities import need_program
from tests.patience import patience, wait_for
from tests.places import REPOSITORY
from tests.ports import ADDRESS, claimed_port

ROLE = REPOSITORY / "roles" / "web"
LARGEST = 1024 * 1024


@dataclass(frozen=True)
class Site:
    """A running nginx. `folder` holds its log, the application's socket, and what it says at its start."""

    folder: Path
    port: int
    https_port: int

    @property
    def application(self) -> Path:
        """Where the application is to listen."""
        return self.folder / "http.sock"

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{ADDRESS}:{self.port}"

    @property
    def https_url(self) -> str:
        """Where it is reached by TLS."""
        return f"https://{ADDRESS}:{self.https_port}"

    def said(self) -> str:
        """All that nginx wrote anywhere."""
        return "".join((self.folder / name).read_text() for name in ("requests.log", "stderr"))

    def connect(self, port: int | None = None) -> socket.socket:
        """Return a bare connection."""
        return socket.create_connection((ADDRESS, port or self.port), timeout=patience(20))


@contextmanager
def nginx(folder: Path, **variables: Any) -> Iterator[Site]:
    """Run nginx with the role's own template and defaults while the context lasts."""
    need_program("nginx")
    site = Site(folder, claimed_port(), claimed_port())
    (folder / "nginx.conf").write_text(configuration(site, **variables))
    with (folder / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            ["nginx", "-c", folder / "nginx.conf", "-p", folder, "-g", "daemon off;"],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
        )
        try:
            wait_for(lambda: process.poll() is not None or _answers(site.port))
            assert process.poll() is None, (folder / "stderr").read_text()
            yield site
        finally:
            process.terminate()
            process.wait(patience(20))


def configuration(site: Site, **variables: Any) -> str:
    """Return what the role makes of its template for such a site."""
    loader = DataLoader()
    internal = loader.load_from_file(str(ROLE / "vars/main.yml"), cache="none", trusted_as_template=True)
    changed = {
        "user": getpass.getuser(),
        "pid": str(site.folder / "nginx.pid"),
        "log": str(site.folder / "requests.log"),
        "socket": str(site.application),
        "http_port": site.port,
        "https_port": site.https_port,
    }
    known = {
        **defaults_of(REPOSITORY, "web"),
        **internal,
        "__web_nginx": changed,
        "web_listen_address": ADDRESS,
        "web_max_input_bytes": LARGEST,
        **variables,
    }
    return filled_in(loader, known, ROLE / "templates/nginx.conf.j2")


def _answers(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port)).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def application(site: Site, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an application on the site's socket while the context lasts."""
    site.application.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--uds", site.application],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: process.poll() is not None or _listens(site.application))
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait(patience(20))


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trying:
        return trying.connect_ex(str(path)) == 0


def settings(folder: Path) -> Path:
    """Return a configuration of the web tier."""
    token = folder / "token"
    token.write_text("T" * 32)
    path = folder / "web.toml"
    path.write_text(
        f'stack = "mine"\nregion = "us-east-1"\nbucket = "mine"\ntoken_file = "{token}"\n'
        'endpoint_url = "http://127.0.0.1:9"\n'
    )
    return path
