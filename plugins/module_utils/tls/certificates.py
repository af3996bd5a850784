"""New certificates, of an authority and of the hosts that it signs for, and whether old ones still do."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from ansible.module_utils.tls.pair_files import Pair
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650

# Clocks differ.
_EARLIER = timedelta(hours=1)
# A name of at most 64 characters: RFC 5280, ub-common-name.
_LONGEST_NAME = 64
_DNS_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


def make_authority(name: str, now: datetime) -> Pair:
    """Return a new authority, which signs certificates of hosts and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _begun(subject, subject, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


def make_for_host(authority: Pair, hosts: Iterable[str], now: datetime, days: int) -> Pair:
    """Return a new certificate for a host of these addresses and names.

    Raises `ValueError` for what is neither.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    names = _alternative_names(hosts)
    about = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    certificate = (
        _begun(_name("jobfleet web host"), authority.certificate.subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(about), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Pair(certificate, key)


def why_unfit(pair: Pair, authority: Pair, hosts: Iterable[str], at: datetime) -> str:
    """Return why a host needs another certificate at a time, empty if it does not."""
    try:
        pair.certificate.verify_directly_issued_by(authority.certificate)
    except (InvalidSignature, ValueError, TypeError):
        return "it is signed by another authority"
    found = pair.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(found) != set(_alternative_names(hosts)):
        return "the host has other addresses or names"
    return why_over(pair, at)


def why_over(pair: Pair, at: datetime) -> str:
    """Return that a certificate is over at a time, empty if it is not."""
    if at < pair.certificate.not_valid_after_utc:
        return ""
    return f"it ends at {pair.certificate.not_valid_after_utc.isoformat()}"


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_NAME])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    return [_alternative_name(host) for host in dict.fromkeys(hosts)]


def _alternative_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if not _DNS_NAME.fullmatch(host):
            raise ValueError(f"{host!r} is no address and no name of a host") from None
        return x509.DNSName(host.lower())
