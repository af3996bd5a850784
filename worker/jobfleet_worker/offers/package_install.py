"""The program that installs on this host the packages with operations that are wanted, and no others.

The folder that is named holds `wanted.json`, a list of `{"package": …}` for pip requirements and
`{"package": file, "hash": …}` for wheels, which lie under `<hash>/<file>`. What was installed is noted in
`installed.json`, so that nothing is done twice, and what is wanted no more is uninstalled. When all is
done, it is `wanted.json` word for word, so that whoever looks need not ask this module.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from importlib import metadata
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Exit(IntEnum):
    """What the process's exit code means."""

    DONE = 0
    FAILED = 1  # pip's own words are on stderr


class PipFailed(Exception):
    """Pip could not do it; it has said why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Install and uninstall; say `changed` or `unchanged`, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="jobfleet_worker.offers.package_install", description="Install packages with operations."
    )
    parser.add_argument("folder", type=Path, help="where wanted.json and the wheels lie")
    parser.add_argument("--constraint", type=Path, required=True, help="pip's constraints")
    options = parser.parse_args(arguments)
    try:
        changed = bring_about(options.folder, options.constraint)
    except PipFailed as problem:
        sys.stderr.write(f"{problem}\n")
        return Exit.FAILED
    sys.stdout.write("changed\n" if changed else "unchanged\n")
    return Exit.DONE


def bring_about(folder: Path, constraint: Path) -> bool:
    """Do what is to be done; return whether that was anything. Raises `PipFailed`."""
    text = (folder / "wanted.json").read_text(encoding="utf-8")
    wanted: list[dict[str, Any]] = json.loads(text)
    record = folder / "installed.json"
    noted = record.read_text(encoding="utf-8") if record.exists() else "[]"
    before: list[dict[str, Any]] = json.loads(noted)
    names = {name_of(each["package"]) for each in wanted}
    gone = {name_of(each["package"]) for each in before} - names - needed_by("jobfleet")
    gone &= installed()
    new = [each for each in wanted if each not in before or name_of(each["package"]) not in installed()]
    if text == noted and not new:
        return False
    # Whatever breaks off in here is done again, and what is there by then is known.
    touched = {name_of(each["package"]) for each in new}
    kept = [each for each in before if name_of(each["package"]) not in touched]
    begun = [{"package": each["package"], "begun": True} for each in new]
    record.write_text(json.dumps([*kept, *begun]), encoding="utf-8")
    wheels = [str(folder / each["hash"] / each["package"]) for each in new if "hash" in each]
    if wheels:
        # The version may be the same, and what is in it another.
        _pip("install", "--no-deps", "--force-reinstall", *wheels)
    if new:
        others = [each["package"] for each in new if "hash" not in each]
        _pip("install", f"--constraint={constraint}", *wheels, *others)
    if gone:
        _pip("uninstall", "--yes", *sorted(gone))
    _forget_wheels(folder, {each["hash"] for each in wanted if "hash" in each})
    record.write_text(text, encoding="utf-8")
    return True


def name_of(package: str) -> str:
    """Return the name of a requirement or a wheel, as pip compares names."""
    if package.endswith(".whl"):
        package = package.partition("-")[0]
    found = _NAME.match(package)
    return _normal(found[0] if found else package)


def needed_by(package: str) -> set[str]:
    """Return the names of all that a package needs, itself among them, with all of its extras."""
    needed: set[str] = set()
    left = [_normal(package)]
    while left:
        name = left.pop()
        if name in needed:
            continue
        needed.add(name)
        try:
            requirements: Iterable[str] = metadata.requires(name) or ()
        except metadata.PackageNotFoundError:
            continue
        left += [name_of(requirement) for requirement in requirements]
    return needed


def installed() -> set[str]:
    """Return the names of the packages that are installed."""
    return {_normal(each.metadata["Name"]) for each in metadata.distributions() if each.metadata["Name"]}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run(  # noqa: S603 - pip itself
        [*command, *arguments], check=False, stdout=sys.stderr
    )
    if done.returncode:
        raise PipFailed(f"pip {' '.join(arguments[:2])} … ended with {done.returncode}")


def _forget_wheels(folder: Path, kept: set[str]) -> None:
    for path in folder.iterdir():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path)


if __name__ == "__main__":
    sys.exit(main())
