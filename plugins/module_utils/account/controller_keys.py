"""What a deployment keeps on this machine: keys, and the account it was in."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

# The key to log in with, and the one that all hosts of the stack show.
KEYS = ("id_ed25519", "host_ed25519")


def public_half(private: Path) -> str:
    """Return type and key of the public half of a private key without a passphrase, or an empty text."""
    if not private.exists():
        return ""
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        ["ssh-keygen", "-y", "-P", "", "-f", str(private)],  # noqa: S607 - as Ansible finds it
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return " ".join(done.stdout.split()[:2])


def public_key(private: Path) -> list[str]:
    """Return type, key and comment in the file with the public half of a private key; nothing without one."""
    try:
        return private.with_suffix(".pub").read_text().strip().split(maxsplit=2)
    except OSError:
        return []


def is_fit(private: Path, comment: str) -> bool:
    """Tell whether a key is its owner's alone, and its public half lies beside it, with the comment."""
    if not private.exists() or private.stat().st_mode & 0o777 != 0o600:
        return False
    half = public_half(private)
    return bool(half) and public_key(private) == [*half.split(), comment]


def mark_of(folder: Path) -> str:
    """Return the mark of instances that know the keys in `folder`, or nothing while one is missing."""
    halves = [public_half(folder / name) for name in KEYS]
    return hashlib.sha256(" ".join(halves).encode()).hexdigest()[:16] if all(halves) else ""


def remembered_account(folder: Path) -> str:
    """Return the account of the last run that was written down in `folder`, or an empty text."""
    try:
        return (folder / "account").read_text().strip()
    except OSError:
        return ""
