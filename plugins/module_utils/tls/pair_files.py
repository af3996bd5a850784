"""A certificate and its key, in two files of one folder."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as it lies in a file."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as it lies in a file: whoever reads that has it."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class KeyMissing(Exception):
    """A certificate lies here and its key does not."""


def read_pair(certificate_pem: bytes, key_pem: bytes) -> Pair:
    """Return a pair as it lies in two files. Raises `ValueError` where it is none."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        raise ValueError("key and certificate do not belong together")
    return Pair(certificate, key)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep others on this machine from making an authority at the same moment."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def find_pair(folder: Path, name: str) -> Pair | None:
    """Return the pair of this name, None if there is none that can be used.

    Raises `OSError`, and `KeyMissing` for a certificate without its key: no break-off leaves that behind.
    """
    if (folder / f"{name}.pem").exists() and not (folder / f"{name}.key").exists():
        raise KeyMissing(f"{folder}/{name}.pem is here, and its key {folder}/{name}.key is not")
    try:
        return read_pair((folder / f"{name}.pem").read_bytes(), (folder / f"{name}.key").read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def write_pair(folder: Path, name: str, pair: Pair) -> None:
    """Write a pair. Raises `OSError`."""
    # The key first: a pair that broke off between them does not fit together, and is made again.
    _write(folder / f"{name}.key", pair.key_pem, 0o600)
    _write(folder / f"{name}.pem", pair.certificate_pem, 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Replace a file in one step; it is its owner's alone until it has its permissions."""
    handle, beside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(beside).chmod(mode)
    Path(beside).replace(path)
