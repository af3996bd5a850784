"""Packages with operations, each as what pip installs on a worker."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.project.pip_wheel import build_wheel

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
        trouble = build_wheel(copy, out)
        wheels = list(out.glob("*.whl"))
        if trouble or len(wheels) != 1:
            raise BadPackage(f"{folder} cannot be built: {trouble or 'it makes no one wheel'}")
        place.mkdir(parents=True, exist_ok=True)
        beside = place / f".{wheels[0].name}"
        shutil.copyfile(wheels[0], beside)
        return beside.replace(place / wheels[0].name), digest, True


def check(package: str, base: Path) -> Path | None:
    """Return where a package lies, None for a pip requirement. Raises `BadPackage` for what is neither."""
    is_path = "@" not in package and ("/" in package or package.endswith(".whl"))
    if not is_path:
        if not REQUIREMENT.fullmatch(package):
            raise BadPackage(
                f"{package!r} is no pip requirement; give one such as name==1.2 or name @ https://…, or a "
                "path with a slash"
            )
        return None
    path = (base / Path(package).expanduser()).resolve()
    if path.is_dir():
        if not (path / "pyproject.toml").is_file():
            raise BadPackage(f"{path} has no pyproject.toml, so it is no folder of a package")
    elif not path.is_file() or not WHEEL.fullmatch(path.name):
        raise BadPackage(f"{path} is neither a wheel nor a folder with a pyproject.toml")
    return path


def one(package: str, base: Path, kept: Path) -> tuple[dict[str, Any], bool]:
    """Return what is to be installed of a package, and whether it was built now. Raises `BadPackage`."""
    path = check(package, base)
    if path is None:
        return {"package": package}, False
    if path.is_dir():
        wheel, digest, now = built(path, kept)
        return {"package": wheel.name, "path": str(wheel), "hash": digest}, now
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS]
    return {"package": path.name, "path": str(path), "hash": digest}, False
