"""The base images: each a Debian made once, as close to Debian's own machine image as hosts need it.

Every host's disk is an overlay on one, so it is never changed after it is made.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import HostsUnavailableError


@dataclass(frozen=True)
class Release:
    """A Debian that hosts can be: its `number`, the `suite` of its packages, the seconds a build takes."""

    number: int
    suite: str
    seconds: int


BOOKWORM = Release(12, "bookworm", 40)
TRIXIE = Release(13, "trixie", 60)
RELEASES = (BOOKWORM, TRIXIE)

# Debian's own image comes with these too. python3-venv is left out because it lacks it as well:
# a role that forgets to install it shall fail here, not first on AWS.
_PACKAGES = (
    "ca-certificates",
    "cloud-init",
    "dbus",
    "iproute2",
    "locales",  # cloud-init ends in an error without it
    "openssh-server",
    "python3",
    "python3-apt",  # Debian's own needs it for its unattended upgrades; Ansible would fetch it first
    "sudo",
    "systemd",
    "systemd-sysv",
)

_BUILD_COMMAND = (
    "mmdebstrap",
    "--mode=root",
    # It leaves no lists of packages behind, as Debian's own has none: what is to be installed is found only
    # after an update.
    "--variant=apt",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    f"--include={','.join(_PACKAGES)}",
)

# A cloud may build while it serves. Killed, it leaves no build behind that nobody waits for.
_WITH_THIS_PROCESS = ("setpriv", "--pdeathsig", "TERM")

_CLOUD_CONFIG = {
    "datasource_list": ["NoCloud"],
    # A host shares the machine's network; there is nothing to set up.
    "network": {"config": "disabled"},
    # Without it sudo complains that it cannot resolve the host's name.
    "manage_etc_hosts": True,
    "system_info": {
        "default_user": {
            "name": "admin",  # as in Debian's own image
            "gecos": "Debian",
            "groups": ["adm", "sudo"],
            "sudo": ["ALL=(ALL) NOPASSWD:ALL"],
            "shell": "/bin/bash",
            "lock_passwd": True,
        }
    },
}

_FILES = {
    "etc/cloud/cloud.cfg.d/99-localcloud.cfg": json.dumps(_CLOUD_CONFIG, indent=1) + "\n",  # JSON is YAML
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/machine-id": "",  # made anew for each host
    "etc/resolv.conf": "",  # the machine's own is put over it
}

# mmdebstrap leaves the building machine's name; the host keys would be the same on every host.
_REMOVED = ("etc/hostname", "etc/ssh/ssh_host_*")

Say = Callable[[str], None]


def _recipe_hash(release: Release) -> str:
    recipe = json.dumps([[*_BUILD_COMMAND, release.suite], _FILES, _REMOVED])
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def image_folder(cache: Path, release: Release) -> Path:
    """Return where the image of the present recipe lies or will lie."""
    return cache / f"image-{_recipe_hash(release)}"


def ensure_image(cache: Path, release: Release, say: Say) -> Path:
    """Return the base image's folder; build it if it is missing, which takes about a minute.

    Only one process builds; another one waits for it. Raises `HostsUnavailableError`.
    """
    folder = image_folder(cache, release)
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with _build_lock(cache, say):
        if not folder.is_dir():
            if shutil.which("mmdebstrap") is None:
                raise HostsUnavailableError(
                    f"Debian {release.number} needs mmdebstrap, to be built: run `apt-get install mmdebstrap`"
                )
            _remove_unfinished(cache)
            _build(folder, release, say)
    return folder


@contextmanager
def _build_lock(cache: Path, say: Say) -> Iterator[None]:
    with (cache / "image.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that builds the base image")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: Path, release: Release, say: Say) -> None:
    say(f"building the Debian {release.number} base image (once, about {release.seconds} seconds)")
    # A half-built image never has the final name.
    unfinished = folder.with_name(f"unfinished-{folder.name}-{uuid.uuid4().hex[:8]}")
    log = folder.parent / "image.log"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    # `su` without a dash leaves these out, and dpkg insists on them.
    environment["PATH"] += ":/usr/sbin:/sbin"
    # Packages inside would take the caller's places for theirs.
    for name in ("TMPDIR", "LANGUAGE"):
        environment.pop(name, None)
    with log.open("w") as output:
        build = subprocess.run(  # noqa: S603  constants and a path of our own
            [*_WITH_THIS_PROCESS, *_BUILD_COMMAND, release.suite, str(unfinished)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            umask=0o022,
            check=False,
        )
    if build.returncode != 0:
        _remove_unfinished(folder.parent)
        raise HostsUnavailableError(_build_failure(log, release))
    _finish(unfinished)
    unfinished.rename(folder)
    _remove_outdated(folder.parent, say)


def _finish(image: Path) -> None:
    for pattern in _REMOVED:
        for path in image.glob(pattern):
            path.unlink()
    for name, text in _FILES.items():
        path = image / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o644)


def _build_failure(log: Path, release: Release) -> str:
    what = f"the Debian {release.number} base image could not be built"
    text = log.read_text(errors="replace")
    # apt's words, with gpgv and with sqv.
    if "NO_PUBKEY" in text or "Missing key" in text:
        return f"{what}, as this machine lacks its key: install a newer debian-archive-keyring (see {log})"
    return f"{what} ({_last_error(log)}): see {log}, mend it and try again"


def _last_error(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E: ")]
    return (errors or lines or ["no output"])[0].strip()[:200]


def _remove_unfinished(cache: Path) -> None:
    for path in cache.glob("unfinished-image-*"):
        shutil.rmtree(path)


def _remove_outdated(cache: Path, say: Say) -> None:
    """Drop the images of earlier recipes, unless a cloud's hosts stand on one."""
    mounts = Path("/proc/self/mounts").read_text()
    present = {image_folder(cache, release) for release in RELEASES}
    for path in cache.glob("image-*"):
        if path not in present and path.is_dir() and not _is_mounted(path, mounts):
            say(f"removing the outdated base image {path.name}")
            shutil.rmtree(path)


def _is_mounted(image: Path, mounts: str) -> bool:
    """Tell whether overlays stand on an image: it is the last of their layers."""
    return any(f"{sign}{image}," in mounts for sign in ("lowerdir=", ":"))
