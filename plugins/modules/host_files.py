"""Ansible module: files and folders on a host. The action plugin of this name runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Ensure that files and folders on a host are as they shall be
description:
  - What M(ansible.builtin.copy) and M(ansible.builtin.file) do, for several paths in one go and without their
    start on the host, which takes a second for each file.
  - It takes what M(host_look) is asked for, and makes what that named.
  - A file is replaced in one step and is there with its owner and its permissions from the first moment.
  - Files go over in one piece, in memory; for those of hundreds of megabytes take M(ansible.builtin.copy).
options:
  paths:
    description: Files and folders that shall be there, or not, in the order in which they are made.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {description: Where on the host., type: path, required: true}
      state: {description: What it is., type: str, choices: [file, directory, absent], default: file}
      owner: {description: Who owns it; as it is if left out., type: str}
      group: {description: Its group; as it is if left out., type: str}
      mode: {description: Its mode in octal digits; as it is if left out., type: str}
      content: {description: What is in it; as it is if this and C(src) are left out., type: str}
      src: {description: A file on the controller with what is in it., type: path}
  only:
    description: The paths to make or mend, as a look named them; all if left out.
    type: list
    elements: str
"""

EXAMPLES = r"""
- host_files:
    paths:
      - {path: /etc/jobfleet, state: directory, owner: root, group: jobfleet, mode: "0750"}
      - {path: /etc/jobfleet/worker.toml, content: "", owner: root, group: jobfleet, mode: "0640"}
    only: "{{ host.paths }}"
"""

RETURN = r""" # """

import base64
import grp
import hashlib
import json
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_look import group_id, path_differs, user_id

# What is longer is told by its digest alone.
SHOWN_BYTES = 100_000


class NotMade(Exception):
    """A file or folder cannot be made; the message says which and why."""


def ensure(wanted: dict[str, Any]) -> dict[str, Any]:
    """Make or mend all paths; with `check`, only tell. Raises `NotMade`."""
    shown: list[dict[str, Any]] = []
    for path in wanted["paths"]:
        data = base64.b64decode(path.pop("data")) if "data" in path else None
        path["sha256"] = None if data is None else hashlib.sha256(data).hexdigest()
        try:
            if not path_differs(path):
                continue
            shown += differences(path, data)
            if not wanted["check"]:
                make(path, data)
        except OSError as problem:
            raise NotMade(f"{path['path']} cannot be made: {problem.strerror or problem}") from problem
    return {"changed": bool(shown), "diff": shown}


def make(path: dict[str, Any], data: bytes | None) -> None:
    """Make one path what it shall be. Raises `OSError` and `NotMade`."""
    where = Path(path["path"])
    if path["state"] == "absent":
        remove(where)
    elif path["state"] == "directory":
        if where.is_symlink() and not where.exists():
            where.unlink()
        where.mkdir(parents=True, exist_ok=True)
        own(path, where)
    elif where.is_dir() and not where.is_symlink():
        raise NotMade(f"{where} cannot be made: it is a folder")
    else:
        write(path, where, data)


def remove(where: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if where.is_dir() and not where.is_symlink():
        shutil.rmtree(where)
    else:
        where.unlink()


def write(path: dict[str, Any], where: Path, data: bytes | None) -> None:
    """Replace a file in one step, or mend its owner, group and mode where what is in it may stay."""
    regular = where.is_file() and not where.is_symlink()
    if data is None and not regular:
        raise NotMade(f"{where} cannot be made: nothing says what shall be in it")
    if data is None or (regular and where.read_bytes() == data):
        own(path, where)
        return
    before = where.stat() if regular else None
    # It is root's alone until it has its owner and its mode.
    handle, name = tempfile.mkstemp(dir=where.parent, prefix=".jobfleet-")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if before:
            os.chown(beside, before.st_uid, before.st_gid)
        beside.chmod(stat.S_IMODE(before.st_mode) if before else 0o644)
        own(path, beside)
        beside.replace(where)
    except BaseException:
        beside.unlink()
        raise


def own(path: dict[str, Any], where: Path) -> None:
    """Give a path its owner, group and mode, as far as they are wanted. Raises `NotMade`."""
    numbers = []
    for key, number_of in (("owner", user_id), ("group", group_id)):
        number = -1 if path[key] is None else number_of(path[key])
        if number is None:
            raise NotMade(f"{path['path']} cannot be made: there is no {key} {path[key]}")
        numbers.append(number)
    os.chown(where, *numbers)  # before the mode, of which it takes away bits
    if path["mode"] is not None:
        where.chmod(int(path["mode"], 8))


def differences(path: dict[str, Any], data: bytes | None) -> list[dict[str, Any]]:
    """Return what `--diff` shows of one path: what is in it, if that changes, and all else, if that does."""
    where = Path(path["path"])
    before = state_of(where, through_links=path["state"] == "directory")
    after = {"path": path["path"], "state": path["state"]}
    if path["state"] != "absent":
        mode = None if path["mode"] is None else f"{int(path['mode'], 8):04o}"
        wanted = {"owner": path["owner"], "group": path["group"], "mode": mode}
        after = {**before, **after, **{key: value for key, value in wanted.items() if value is not None}}
    shown: list[dict[str, Any]] = [{"before": before, "after": after}] if before != after else []
    held = where.read_bytes() if before["state"] == "file" else None
    if data is not None and data != held:
        headers = {"before_header": path["path"], "after_header": path["path"]}
        shown.append({**headers, "before": readable(held or b""), "after": readable(data)})
    return shown


def state_of(where: Path, through_links: bool) -> dict[str, str]:
    """Return what is said of a path besides what is in it."""
    try:
        found = where.stat() if through_links else where.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return {"path": str(where), "state": "absent"}
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    return {
        "path": str(where),
        "state": kinds.get(stat.S_IFMT(found.st_mode), "other"),
        "owner": name_of(found.st_uid, lambda number: pwd.getpwuid(number).pw_name),
        "group": name_of(found.st_gid, lambda number: grp.getgrgid(number).gr_name),
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
    }


def name_of(number: int, name: Callable[[int], str]) -> str:
    """Return the name of a user or group, or its number where it has none."""
    try:
        return name(number)
    except KeyError:
        return str(number)


def readable(data: bytes) -> str:
    """Return what is in a file as text; of what is none, or is long, the length and the digest."""
    try:
        if len(data) <= SHOWN_BYTES:
            return data.decode()
    except UnicodeDecodeError:
        pass
    return f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}\n"


def main(wanted: str) -> None:
    """Do what is `wanted`, and print what changed, both in JSON."""
    try:
        answer = ensure(json.loads(wanted))
    except NotMade as problem:
        answer = {"failed": True, "msg": str(problem)}
    print(json.dumps(answer))  # noqa: T201 - the answer
