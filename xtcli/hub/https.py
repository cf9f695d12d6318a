"""The hub's TLS key and certificate: made once, kept in its home. It knows no sockets."""

from __future__ import annotations

from pathlib import Path

from xtcli.station.core import StationCore
from xtcli.transport.carriers import certificates

KEY, CERTIFICATE = "https.key", "https.crt"


def tls_files(hub: StationCore) -> tuple[Path, Path]:
    """Paths of the key (mode 0600) and the certificate, PEM; made if they are not there."""
    key, certificate = hub.home.root / KEY, hub.home.root / CERTIFICATE
    if not key.exists() or not certificate.exists():
        private, public = certificates.make(hub.clock())
        hub.home.write(key, private)
        hub.home.write(certificate, public)
    return key, certificate


def tls_print(hub: StationCore) -> bytes:
    """The print of the certificate, for invitations."""
    return certificates.print_of_pem(tls_files(hub)[1].read_bytes())
