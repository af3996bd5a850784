"""The module `local_file` in Ansible's own process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.process.failure import Failure


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Make or mend the file or folder."""
        path, content = Path(self.params["path"]), self.params["content"]
        mode = int(self.params["mode"], 8)
        try:
            if content is None and path.exists() and not path.is_dir():
                raise Failure(f"{path} is there, and is no folder")
            before = state_of(path, content is not None)
            after = {
                "path": str(path),
                "mode": f"{mode:04o}",
                **({} if content is None else {"content": content}),
            }
            if before == after:
                return {}
            if not self.check_mode:
                make_folder(path, mode) if content is None else write(path, content, mode)
        except (OSError, UnicodeDecodeError) as problem:
            raise Failure(f"{path} cannot be made: {problem}") from problem
        return {"changed": True, "diff": {"before": before, "after": after}}


def state_of(path: Path, is_file: bool) -> dict[str, str]:
    """Return path, mode and, of a file, content; nothing where nothing is."""
    if not path.exists():
        return {}
    content = {"content": path.read_text(encoding="utf-8")} if is_file else {}
    return {"path": str(path), "mode": f"{path.stat().st_mode & 0o7777:04o}", **content}


def make_folder(path: Path, mode: int) -> None:
    """Make the folder, and those above it that are missing, with these permissions."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in (*reversed(missing), path):
        one.mkdir(exist_ok=True)
        one.chmod(mode)


def write(path: Path, content: str, mode: int) -> None:
    """Replace the file in one step."""
    # It is its owner's alone until it has its permissions.
    handle, beside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    Path(beside).chmod(mode)
    Path(beside).replace(path)
