"""What a deployment keeps on this machine: keys, and the account it was in."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path


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


def mark_of(folder: Path) -> str:
    """Return the mark of instances that know the keys in `folder`, as roles/keypair makes it, or nothing."""
    halves = [public_half(folder / name) for name in ("id_ed25519", "host_ed25519")]
    return hashlib.sha256(" ".join(halves).encode()).hexdigest()[:16] if all(halves) else ""


def remembered_account(folder: Path) -> str:
    """Return the account of the last run that was written down in `folder`, or an empty text."""
    try:
        return (folder / "account").read_text().strip()
    except OSError:
        return ""
