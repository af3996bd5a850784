"""Ansible module: packages with operations, each as what pip installs on a worker."""

from __future__ import annotations

DOCUMENTATION = r"""
module: operation_wheels
short_description: Build the wheels of packages with operations on the controller
description:
  - Takes pip requirements, wheels and folders with a pyproject.toml. Of a folder it builds a wheel, once
    for each state of its files, from a copy, so that the folder stays as it is.
  - What it returns is for C(python -m worker.packages) on a worker.
options:
  packages:
    description: Requirements, and paths of wheels and folders, which contain a slash.
    type: list
    elements: str
    required: true
  base:
    description: The folder that relative paths start from.
    type: path
    required: true
  folder:
    description: Where built wheels are kept.
    type: path
    required: true
"""

EXAMPLES = r"""
- operation_wheels:
    packages: [./examples/word-count, "colormath==3.0.0"]
    base: "{{ project_folder }}"
    folder: .jobfleet/jobfleet/operations
"""

RETURN = r"""
packages:
  description: >-
    Each with its `package` as pip wants it. A wheel's is its file's name, and it has the `path` and the
    `hash` of what is in it too.
  type: list
  elements: dict
  returned: success
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

# What is no source, in the folders that people have.
LEFT_OUT = frozenset({"__pycache__", "build", "dist", "node_modules", "venv"})
FILES_MAX, BYTES_MAX = 2_000, 100 * 1024 * 1024

HASH_DIGITS = 16
WHEEL = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(-[A-Za-z0-9_.]+){3,4}\.whl")
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\s*\[.*\])?\s*([<>=!~@;].*)?")


class BadPackage(ValueError):
    """A package that cannot be built or named."""


def sources(folder: Path) -> list[Path]:
    """Return the files of a folder that may go into its wheel, in order. Raises `BadPackage`."""
    found: list[Path] = []
    size = 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part in LEFT_OUT or part.startswith(".") or part.endswith(".egg-info") for part in parts):
            continue
        if path.is_file():
            found.append(path)
            size += path.stat().st_size
        if len(found) > FILES_MAX or size > BYTES_MAX:
            raise BadPackage(
                f"{folder} has over {FILES_MAX:,} files or {BYTES_MAX:,} bytes: is it a package's folder?"
            )
    return found


def hash_of(folder: Path, files: list[Path]) -> str:
    """Return a hash of names and contents."""
    whole = hashlib.sha256()
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(folder)}\0{content}\n".encode())
    return whole.hexdigest()[:HASH_DIGITS]


def built(folder: Path, kept: Path) -> tuple[Path, str, bool]:
    """Return a folder's wheel, the hash of its sources, and whether it was built now. Raises `BadPackage`."""
    if not (folder / "pyproject.toml").is_file():
        raise BadPackage(f"{folder} has no pyproject.toml, so it is no folder of a package")
    files = sources(folder)
    digest = hash_of(folder, files)
    place = kept / digest
    wheels = list(place.glob("*.whl"))
    if wheels:
        return wheels[0], digest, False
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "source"
        for path in files:
            target = copy / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        out = Path(temporary) / "wheel"
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        done = subprocess.run(  # noqa: S603 - pip itself
            [*command, f"--wheel-dir={out}", str(copy)], capture_output=True, text=True, check=False
        )
        wheels = list(out.glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise BadPackage(f"{folder} cannot be built: {(done.stderr or done.stdout).strip()[-2000:]}")
        place.mkdir(parents=True, exist_ok=True)
        beside = place / f".{wheels[0].name}"
        shutil.copyfile(wheels[0], beside)
        return beside.replace(place / wheels[0].name), digest, True


def one(package: str, base: Path, kept: Path) -> tuple[dict[str, Any], bool]:
    """Return what is to be installed of a package, and whether it was built now. Raises `BadPackage`."""
    is_path = "@" not in package and ("/" in package or package.endswith(".whl"))
    if not is_path:
        if not REQUIREMENT.fullmatch(package):
            raise BadPackage(
                f"{package!r} is no pip requirement; give one such as name==1.2 or name @ https://…, or a "
                "path with a slash"
            )
        return {"package": package}, False
    path = (base / Path(package).expanduser()).resolve()
    if path.is_dir():
        wheel, digest, now = built(path, kept)
        return {"package": wheel.name, "path": str(wheel), "hash": digest}, now
    if not path.is_file() or not WHEEL.fullmatch(path.name):
        raise BadPackage(f"{path} is neither a wheel nor a folder with a pyproject.toml")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS]
    return {"package": path.name, "path": str(path), "hash": digest}, False


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "base": {"type": "path", "required": True},
            "folder": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    base, kept = Path(module.params["base"]), Path(module.params["folder"])
    try:
        # Only files on this machine: in check mode too, or what follows could not tell what would change.
        made = [one(package, base, kept) for package in module.params["packages"]]
    except (BadPackage, OSError) as problem:
        module.fail_json(msg=f"worker_operation_packages: {problem}")
    module.exit_json(changed=any(now for _, now in made), packages=[package for package, _ in made])


if __name__ == "__main__":
    main()
