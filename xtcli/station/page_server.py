"""Serving a page from this process: uvicorn on a socket of ours, and a certificate for browsers.

Used for a call in a browser (`calls_browser_page`) and for the hub's page. It refuses to know what
the page says.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtcli.errors import LinkDown
from xtcli.transport.carriers import certificates

if TYPE_CHECKING:
    from xtcli.station.core import StationCore

CERTIFICATE_LEFT_DAYS = 30

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def is_here(host: str) -> bool:
    """Whether browsers take it for this computer, where plain HTTP may use the microphone."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


class PageListener:
    """An ASGI application on a port, in the loop that runs."""

    def __init__(self, application: Any, host: str, port: int, requests_max: int) -> None:
        """Nothing is opened before `start`. `requests_max`: at a time."""
        self._application, self.host, self.port = application, host, port
        self._requests_max = requests_max
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, key: Path | None, certificate: Path | None) -> int:
        """Listen, with TLS if there is a certificate; the port. LinkDown when it is taken."""
        import uvicorn

        class Server(uvicorn.Server):
            """Leaves the process' signals alone: Ctrl-C hangs up."""

            @contextmanager
            def capture_signals(self) -> Generator[None, None, None]:
                yield

        listening = self._bind()
        config = uvicorn.Config(
            self._application, lifespan="off", ws="none", http="h11", log_level="critical",
            access_log=False, server_header=False, timeout_keep_alive=5,
            limit_concurrency=self._requests_max, ssl_keyfile=key, ssl_certfile=certificate,
        )  # fmt: skip
        self._server = Server(config)
        self._task = asyncio.create_task(self._server.serve([listening]))
        return int(listening.getsockname()[1])

    def _bind(self) -> socket.socket:
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((self.host, self.port), family=family)
        except OSError as error:
            raise LinkDown(
                "The address {address} cannot be used: {why}.",
                "Choose another address or port, or end the program that holds it.",
                address=f"{self.host}:{self.port}", why=error.strerror or str(error),
            ) from error  # fmt: skip

    async def close(self) -> None:
        """Stop."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = self._server.force_exit = True
            await self._task


# The certificate


def certificate_files(
    station: StationCore, host: str, key_name: str, certificate_name: str
) -> tuple[Path, Path]:
    """Paths of a key and a certificate for `host`; kept, so that a browser asks about it once."""
    home, now = station.home, station.clock()
    key, file = home.root / key_name, home.root / certificate_name
    if not (key.exists() and file.exists() and still_good(file.read_bytes(), host, now)):
        private, public = certificates.make(now, host)
        home.write(key, private)
        home.write(file, public)
    return key, file


def still_good(certificate: bytes, host: str, now: float) -> bool:
    """Whether a certificate (PEM) names `host` and does not expire soon."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(certificate)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    left = found.not_valid_after_utc.timestamp() - now
    return certificates.general_name(host) in names and left > CERTIFICATE_LEFT_DAYS * 86400


def fingerprint_of(certificate: bytes) -> str:
    """SHA-256 of a certificate (PEM), as browsers show it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.decode("ascii"))).digest()
    return digest.hex(":").upper()
