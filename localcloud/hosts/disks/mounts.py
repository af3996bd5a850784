"""What is mounted: overlays, and the end of all mounts below a folder."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from localcloud.errors import LocalcloudError


def mount(arguments: list[str]) -> None:
    """Run the program mount. Raises `LocalcloudError` with its words."""
    result = subprocess.run(  # noqa: S603  the arguments are our own
        ["mount", *arguments],  # noqa: S607  where it lies differs
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        # Its second line says where the kernel's words are.
        why = result.stderr.strip().partition("\n")[0]
        raise LocalcloudError(f"cannot mount {arguments[-1]}: {why}")


def unmount_below(folder: Path) -> None:
    """Unmount everything on or below `folder`, the deepest first. Raises `LocalcloudError`."""
    for point in reversed(_mounts_below(folder)):
        # Lazily: a shell of the person's may stand in there, and the files shall go all the same.
        result = subprocess.run(  # noqa: S603  the arguments are our own
            ["umount", "--lazy", str(point)],  # noqa: S607  where it lies differs
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0 and point in _mounts_below(folder):
            raise LocalcloudError(f"cannot unmount {point}: {result.stderr.strip()}")


def _mounts_below(folder: Path) -> list[Path]:
    points = (line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    # The kernel writes blanks, tabs, newlines and backslashes as octal escapes.
    paths = [Path(point.encode("ascii", "backslashreplace").decode("unicode_escape")) for point in points]
    return [path for path in paths if path.is_relative_to(folder)]


def mount_overlay(point: Path, lower: Sequence[Path], written: tuple[Path, Path] | None = None) -> None:
    """Mount `lower`, the uppermost layer first, at `point`; what is written goes to the first of `written`.

    The second is the kernel's working folder. Without them nothing can be written. Raises `LocalcloudError`.
    """
    options = f"lowerdir={':'.join(map(str, lower))}"
    if written is not None:
        options += f",upperdir={written[0]},workdir={written[1]}"
    mount(["-t", "overlay", "-o", options, "localcloud", str(point)])
