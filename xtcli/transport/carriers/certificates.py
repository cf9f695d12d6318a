"""The hub's own TLS certificate, and its print by which an invitation pins it.

Self-signed on purpose: whoever has the invitation needs no authority to know the hub. It reads no
clock and keeps no files.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

PRINT_BYTES = 16
VALID_DAYS = 365 * 30
"""Pinned, so its age says nothing; a post with a wrong clock must not be shut out."""


def make(now: float) -> tuple[bytes, bytes]:
    """A new key and certificate, both PEM. ECDSA P-256, self-signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "xt")])
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=VALID_DAYS // 3)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def print_of(certificate_der: bytes) -> bytes:
    """The first 16 bytes of the SHA-256 of a certificate in DER form."""
    return hashlib.sha256(certificate_der).digest()[:PRINT_BYTES]


def print_of_pem(certificate: bytes) -> bytes:
    """The same from PEM."""
    import ssl

    return print_of(ssl.PEM_cert_to_DER_cert(certificate.decode("ascii")))
