"""The folder with one cloud's files, and the state of its server.

    ~/.cache/jobfleet/image-<hash>/   the base image, shared by all clouds, kept
    ~/.cache/jobfleet/run/            one cloud's state, removed by `down`

The server holds a lock on a file in the run folder as long as it lives. The kernel lets go of
it whatever kills the process, so no stale pid file can pass for a living server.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localcloud.errors import LocalcloudError

RUN_VARIABLE = "LOCALCLOUD_RUN"

# What the server answers about itself. No bucket can have this name, so the path is nobody else's.
ADMIN_PATH = "/_localcloud/"
STATUS_PATH = f"{ADMIN_PATH}status"

# How long the keys live that an instance gets for its role, unless `up` is told otherwise.
ROLE_SECONDS = 6 * 3600

# How many vCPUs an account's instances may have in a region, unless `up` is told otherwise.
VCPUS = 64

# How many times faster than AWS's the clock of its waiting is, unless `up` is told otherwise.
TIME_SCALE = 1.0

# A folder without it is not ours and is never emptied.
_MARKER = "made-by-localcloud"

# How often a command starts over when another one removed the run folder it waited for.
_LOCK_ATTEMPTS = 100


def cache_folder() -> Path:
    """Return the folder that outlives every cloud (see the XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification wants relative values ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "jobfleet"


@dataclass(frozen=True)
class Delays:
    """How late the cloud is, where AWS is or may be late."""

    eventual: int = 0
    """So many calls of each kind do not see what was made, or still see what was removed."""
    events_after: float = 0.0
    """Seconds until S3 tells of objects as a bucket's new notifications want it."""
    metrics_after: float = 0.0
    """Seconds on AWS's clock until CloudWatch has metrics of a new balancer or queue, or of an idle one."""
    queue_names_after: float = 60.0
    """Seconds until a queue may be made under the name of one that was deleted."""


# As late as AWS always is, and no more.
DELAYS = Delays()
# Never late.
PUNCTUAL = Delays(queue_names_after=0.0)


@dataclass(frozen=True)
class CloudSettings:
    """What `up` hands to the server it starts."""

    port: int
    port_is_fixed: bool
    image: str
    ssh_port: int
    """Where the hosts' sshd listen; 22, unless the machine's own sshd is in the way."""
    hosts_problem: str | None
    """Why no host can be booted, as a sentence for people; None where they can."""
    lab: bool
    """Whether the limits of a Learner Lab hold."""
    iam: bool
    """Whether IAM users and roles are held to their policies."""
    role_seconds: int
    """How long the keys live that instances get for their role."""
    role_delay: int = 0
    """How many seconds after its start an instance has none."""
    vcpus: int = VCPUS
    """How many vCPUs an account's instances may have in a region."""
    delays: Delays = DELAYS
    time_scale: float = TIME_SCALE
    """How many times faster what AWS does by its own clock goes; see `gaps.timing`."""
    lives_with: int | None = None
    """The id of the process with which the cloud ends, if it is to end with one."""


@dataclass(frozen=True)
class ServerInfo:
    """What a server tells about itself once it listens."""

    pid: int
    endpoint: str
    secret: str = field(repr=False)
    """Lets the commands in."""
    credential: dict[str, str] = field(repr=False)
    """The key `env` prints: `key_id`, `secret`, `token`."""


@dataclass(frozen=True)
class RunFolder:
    """The state of one cloud on disk."""

    path: Path

    @classmethod
    def of_environment(cls) -> "RunFolder":
        """Return the folder that `LOCALCLOUD_RUN` names, else the one in the cache."""
        named = os.environ.get(RUN_VARIABLE, "")
        return cls((Path(named) if named else cache_folder() / "run").absolute())

    @property
    def cloud(self) -> str:
        """The cloud's name in cgroups: the same for the same folder, so that leftovers can be found."""
        return hashlib.sha256(os.fsencode(os.path.realpath(self.path))).hexdigest()[:8]

    @property
    def hosts(self) -> Path:
        """One folder for each instance."""
        return self.path / "hosts"

    @property
    def layers(self) -> Path:
        """One folder for each image that was made of an instance."""
        return self.path / "layers"

    @property
    def balancers(self) -> Path:
        """What HAProxy reads and writes."""
        return self.path / "balancers"

    @property
    def images_list(self) -> Path:
        """The machine images moto offers."""
        return self.path / "images.json"

    @property
    def server_log(self) -> Path:
        """What the server says: its own words and tracebacks."""
        return self.path / "server.log"

    @property
    def requests_log(self) -> Path:
        """One line for each AWS request."""
        return self.path / "requests.log"

    @property
    def calls_log(self) -> Path:
        """What each AWS request wanted to do with what, for machines."""
        return self.path / "calls.jsonl"

    @property
    def server_lock(self) -> Path:
        """Locked as long as the server lives."""
        return self.path / "server.lock"

    def create(self) -> None:
        """Make the folder. Raises `LocalcloudError` if something else lies in it."""
        self.path.mkdir(parents=True, exist_ok=True)
        marker = self.path / _MARKER
        if not marker.exists() and any(self.path.iterdir()):
            raise LocalcloudError(
                f"{self.path} holds files that are not localcloud's: set {RUN_VARIABLE} to another folder"
            )
        # Console logs and user data may hold secrets.
        self.path.chmod(0o700)
        marker.touch()

    def is_ours(self) -> bool:
        """Tell whether the folder exists and was made by localcloud."""
        return (self.path / _MARKER).exists()

    def server_is_alive(self) -> bool:
        """Tell whether a server holds the lock."""
        try:
            with self.server_lock.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def write_settings(self, settings: CloudSettings) -> None:
        """Leave the settings for the server."""
        write_whole(self.path / "settings.json", json.dumps(asdict(settings)))

    def read_settings(self) -> CloudSettings:
        """Return what `up` left."""
        found = json.loads((self.path / "settings.json").read_text())
        return CloudSettings(**{**found, "delays": Delays(**found["delays"])})

    def write_server_info(self, info: ServerInfo) -> None:
        """Say where the server listens."""
        write_whole(self.path / "server.json", json.dumps(asdict(info)))

    def read_last_port(self) -> int | None:
        """Return the port of the server that was last here, None if there was none."""
        try:
            endpoint: str = json.loads((self.path / "server.json").read_text())["endpoint"]
        except FileNotFoundError:
            return None
        return int(endpoint.rpartition(":")[2])

    def read_server_info(self) -> ServerInfo | None:
        """Return where the server listens, None if it does not yet or is dead."""
        if not self.server_is_alive():
            return None
        try:
            return ServerInfo(**json.loads((self.path / "server.json").read_text()))
        except FileNotFoundError:
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep other `up` and `down` of the same cloud waiting.

        The folder itself is locked, so that no lock file is left when it is removed.
        """
        for _ in range(_LOCK_ATTEMPTS):
            self.create()
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                if not self._is_still(folder):
                    continue
                yield
                return
            finally:
                os.close(folder)
        raise LocalcloudError(f"another process removes {self.path} again and again: stop that one first")

    def _is_still(self, folder: int) -> bool:
        try:
            return os.path.samestat(os.fstat(folder), self.path.stat())
        except FileNotFoundError:
            return False


def write_whole(path: Path, text: str) -> None:
    """Write a file that readers see whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(path)
