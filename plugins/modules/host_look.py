"""Ansible module: what on a host differs from what it shall be. The action plugin of this name runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_look
short_description: Say what on a host differs from what it shall be
description:
  - Looks and changes nothing. It says what differs, by name; the tasks that follow mend what it names.
  - What differs in a way that it cannot judge, it names too, so that the task that knows looks itself.
  - This file goes to the host as it is and needs Python's standard library alone, since unpacking a module
    and importing what Ansible's modules are made of takes longer than all that is done here.
options:
  wait:
    description: Seconds to wait until the host answers; 0 for one attempt.
    type: int
    default: 0
  cloud_init:
    description: Whether to wait until cloud-init is done, and to fail if it did not do its work.
    type: bool
    default: false
  packages:
    description: Debian packages that shall be installed.
    type: list
    elements: str
    default: []
  users:
    description: Users that shall exist.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Its name., type: str, required: true}
      home: {description: Its home., type: path, required: true}
      shell: {description: Its shell., type: path, required: true}
  paths:
    description: Files and folders that shall be there, or not.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Where on the host., type: path, required: true}
      state: {description: What it is., type: str, choices: [file, directory, absent], default: file}
      owner: {description: Who owns it; anybody if left out., type: str}
      group: {description: Its group; any if left out., type: str}
      mode: {description: Its mode in octal digits; any if left out., type: str}
      content: {description: What is in it; only the digest leaves the controller., type: str}
      src: {description: A file on the controller with what is in it; only the digest leaves it., type: path}
      sha256: {description: The digest of what is in it., type: str}
  results:
    description: Patterns as of C(creates), each of which a path shall match.
    type: list
    elements: str
    default: []
  distributions:
    description: Names of Python packages that shall be installed in O(site_packages).
    type: list
    elements: str
    default: []
  site_packages:
    description: A pattern of the folder that they are installed in.
    type: str
    default: ""
  units:
    description: systemd's units. One whose file changed since systemd read it differs, too.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: Its name with its ending., type: str, required: true}
      enabled: {description: Whether it starts with the host., type: bool}
      active: {description: Whether it runs., type: bool}
"""

EXAMPLES = r"""
- host_look:
    packages: [python3-venv]
    paths:
      - {path: /etc/jobfleet, state: directory, owner: root, group: jobfleet, mode: "0750"}
  register: host

- ansible.builtin.apt:
    name: python3-venv
  when: host.packages | length > 0
"""

RETURN = r"""
differs: {description: Whether anything does., type: bool, returned: success}
packages: {description: Those that are not installed., type: list, elements: str, returned: success}
users: {description: Names of those that differ., type: list, elements: str, returned: success}
paths: {description: Those that differ., type: list, elements: str, returned: success}
results: {description: Patterns that nothing matches., type: list, elements: str, returned: success}
distributions: {description: Those that are not installed., type: list, elements: str, returned: success}
units: {description: Names of those that differ., type: list, elements: str, returned: success}
looked_at: {description: All that was looked at, in lists of the same names., type: dict, returned: success}
"""

import glob
import grp
import hashlib
import json
import os
import pwd
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Of cloud-init: 2 is "done, with something to mend"
# (https://docs.cloud-init.io/en/latest/explanation/return_codes.html).
CLOUD_INIT_DONE = (0, 2)
CLOUD_INIT_RESULT = "/run/cloud-init/result.json"

# As ansible.builtin.systemd_service sees them.
RUNNING = frozenset({"active", "activating"})
UNIT_PROPERTIES = ("Id", "ActiveState", "UnitFileState", "NeedDaemonReload")


class LookFailed(Exception):
    """The host is in no state to be looked at; the message says why."""


def look(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what differs from `wanted`, as RETURN says. Raises `LookFailed`."""
    if wanted["cloud_init"]:
        wait_for_cloud_init(CLOUD_INIT_RESULT)
    states = unit_states([unit["name"] for unit in wanted["units"]])
    users, paths, units = wanted["users"], wanted["paths"], wanted["units"]
    differing = {
        "packages": missing_packages(wanted["packages"]),
        "users": [user["name"] for user in users if user_differs(user)],
        "paths": [path["path"] for path in paths if path_differs(path)],
        "results": [pattern for pattern in wanted["results"] if not matches(pattern)],
        "distributions": missing_distributions(wanted["site_packages"], wanted["distributions"]),
        "units": [unit["name"] for unit in units if unit_differs(unit, states[unit["name"]])],
    }
    looked_at = {
        **{kind: wanted[kind] for kind in ("packages", "results", "distributions")},
        "users": [user["name"] for user in users],
        "paths": [path["path"] for path in paths],
        "units": [unit["name"] for unit in units],
    }
    return {**differing, "differs": any(differing.values()), "looked_at": looked_at}


def wait_for_cloud_init(result: str) -> None:
    """Return once cloud-init has done its work, at once if its `result` says so."""
    try:
        if json.loads(Path(result).read_text(encoding="utf-8"))["v1"]["errors"] == []:
            return
    except FileNotFoundError:
        pass  # it is not done, or not there
    done = run("cloud-init", "status", "--wait")
    if done.returncode not in CLOUD_INIT_DONE:
        raise LookFailed(f"cloud-init did not do its work: {(done.stdout + done.stderr).strip()}")


def missing_packages(names: list[str]) -> list[str]:
    """Return the names under which dpkg has nothing installed."""
    if not names:
        return []
    # A name that it does not know ends it in 1, and those that it knows are printed all the same.
    known = run("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", "--", *names)
    installed = {line.partition(" ")[0] for line in known.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def user_differs(user: dict[str, Any]) -> bool:
    """Return whether a user is missing or has another home or shell."""
    try:
        entry = pwd.getpwnam(user["name"])
    except KeyError:
        return True
    return (entry.pw_dir, entry.pw_shell) != (user["home"], user["shell"])


def path_differs(wanted: dict[str, Any]) -> bool:
    """Return whether a file or folder is not what it shall be."""
    path = wanted["path"]
    if wanted["state"] == "absent":
        return os.path.lexists(path)
    try:
        # A link to a folder is as good as the folder; one to a file is replaced.
        found = Path(path).stat() if wanted["state"] == "directory" else Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    is_kind = stat.S_ISDIR if wanted["state"] == "directory" else stat.S_ISREG
    return (
        not is_kind(found.st_mode)
        or differs_in(wanted["mode"], lambda mode: stat.S_IMODE(found.st_mode) == int(mode, 8))
        or differs_in(wanted["owner"], lambda name: found.st_uid == user_id(name))
        or differs_in(wanted["group"], lambda name: found.st_gid == group_id(name))
        or differs_in(wanted["sha256"], lambda digest: digest_of(path) == digest)
    )


def differs_in(wanted: str | None, is_so: Any) -> bool:
    """Return whether something is wanted and is not so."""
    return wanted is not None and not is_so(wanted)


def user_id(name: str) -> int | None:
    """Return a user's number, None if there is no such user."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_id(name: str) -> int | None:
    """Return a group's number, None if there is no such group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def digest_of(path: str) -> str:
    """Return the SHA-256 of a file's content in hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        for block in iter(lambda: file.read(1024 * 1024), b""):
            digest.update(block)
    return digest.hexdigest()


def matches(pattern: str) -> list[str]:
    """Return the paths that match a pattern, as `creates` of Ansible's own modules reads it."""
    return glob.glob(pattern)  # noqa: PTH207 - pathlib has no absolute patterns


def missing_distributions(site_packages: str, names: list[str]) -> list[str]:
    """Return the names of which no Python package is installed, compared as pip compares them."""
    if not names:
        return []
    from importlib import metadata  # slow, and only few hosts need it

    found = metadata.distributions(path=matches(site_packages))
    installed = {normal(each.metadata["Name"]) for each in found if each.metadata["Name"]}
    return [name for name in names if normal(name) not in installed]


def normal(name: str) -> str:
    """Return a Python package's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unit_states(names: list[str]) -> dict[str, dict[str, str]]:
    """Return systemd's properties of each unit; one that does not exist has them, too."""
    if not names:
        return {}
    shown = run("systemctl", "show", f"--property={','.join(UNIT_PROPERTIES)}", "--", *names)
    if shown.returncode != 0:
        raise LookFailed(f"systemd did not answer: {shown.stderr.strip()}")
    return dict(zip(names, blocks(shown.stdout)))  # noqa: B905 - `strict` is new in Python 3.10


def blocks(shown: str) -> Iterator[dict[str, str]]:
    """Yield the properties of each unit in what `systemctl show` printed, in its order."""
    for block in shown.strip().split("\n\n"):
        yield dict(line.split("=", 1) for line in block.splitlines())


def unit_differs(unit: dict[str, Any], state: dict[str, str]) -> bool:
    """Return whether a unit is not enabled or active as it shall be, or was changed since systemd read it."""
    return (
        state["NeedDaemonReload"] == "yes"
        or (unit["enabled"] is not None and unit["enabled"] != (state["UnitFileState"] == "enabled"))
        or (unit["active"] is True and state["ActiveState"] not in RUNNING)
        or (unit["active"] is False and state["ActiveState"] in RUNNING | {"deactivating"})
    )


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose words do not depend on the host's language."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(  # noqa: S603 - commands of this file, and names behind a --
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment,
        check=False,
        text=True,
    )


def main(wanted: str) -> None:
    """Print what differs from `wanted`, both in JSON."""
    try:
        answer = look(json.loads(wanted))
    except LookFailed as problem:
        answer = {"failed": True, "msg": str(problem)}
    print(json.dumps(answer))  # noqa: T201 - the answer
