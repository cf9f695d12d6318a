"""TLS certificates of a station's own, and the print by which an invitation pins the hub's.

Self-signed on purpose: whoever has the invitation needs no authority to know the hub. It reads no
clock and keeps no files.
"""

from __future__ import annotations

import hashlib
import ipaddress
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

PRINT_BYTES = 16
VALID_DAYS = 365 * 30
"""Pinned, so its age says nothing; a post with a wrong clock must not be shut out."""
HOST_DAYS = 365
"""What browsers accept of a certificate that is in a name."""


def make(now: float, host: str = "") -> tuple[bytes, bytes]:
    """A new key and certificate, both PEM. ECDSA P-256, self-signed.

    With a `host` it is one that browsers make an exception for: in that name, and for a year.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "xt")])
    days, before = (HOST_DAYS, 1) if host else (VALID_DAYS, VALID_DAYS // 3)
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=before)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )
    if host:
        use = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
        made = made.add_extension(x509.SubjectAlternativeName([general_name(host)]), critical=False)
        made = made.add_extension(use, critical=False)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def general_name(host: str) -> Any:
    """How a certificate names a host: an address, or a name in ASCII."""
    from cryptography import x509

    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(host))
    return x509.DNSName(host.encode("idna").decode())


def print_of(certificate_der: bytes) -> bytes:
    """The first 16 bytes of the SHA-256 of a certificate in DER form."""
    return hashlib.sha256(certificate_der).digest()[:PRINT_BYTES]


def print_of_pem(certificate: bytes) -> bytes:
    """The same from PEM."""
    import ssl

    return print_of(ssl.PEM_cert_to_DER_cert(certificate.decode("ascii")))
