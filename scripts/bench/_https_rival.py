"""HTTPS POST by real processes over a joined pair of hosts: the pieces that the cases are made of.

    with Posting(road) as posting:
        client = posting.post("a", 60_000, seed)
        event = posting.wait("whole", "a", 600)

Knows nothing of what is compared with what: that is `rivals.py` and `rivals_cases.py`.
"""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.tun import HUB_ADDRESS, JoinedHosts

PORT = 8443
LIMIT_S = 600.0
"""A run that takes longer has failed."""
SERVER = Path(__file__).resolve().parent / "_https_server.py"


@dataclass(frozen=True, slots=True)
class Event:
    """What the server saw: `what` is read, whole or broken; `at` a monotonic second."""

    what: str
    at: float
    name: str
    size: int


def payload(size: int, seed: int) -> bytes:
    """Bytes that no tool can compress."""
    return Random(f"payload {seed}").randbytes(size)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A fresh self-signed P-256 certificate for the hub's address, and its key, as PEM files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day)
        .not_valid_after(day.replace(year=2126))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HUB_ADDRESS))]), False
        )
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "hub.crt", folder / "hub.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def poster(folder: Path, body: Path, certificate_file: Path, name: str) -> list[str]:
    """The post's command: curl where there is one, else Python's own HTTPS client."""
    url = f"https://{HUB_ADDRESS}:{PORT}/{name}"
    if shutil.which("curl"):
        return [
            *("curl", "--silent", "--show-error", "--tlsv1.3", "--http1.1", "--max-time"),
            *(str(LIMIT_S), "--cacert", str(certificate_file), "--output", "/dev/null"),
            *("--header", "Content-Type: application/octet-stream", "--header", "Expect:"),
            *("--data-binary", f"@{body}", url),
        ]
    script = folder / "post.py"
    script.write_text(
        "import ssl, sys, urllib.request as u\n"
        "context = ssl.create_default_context(cafile=sys.argv[1])\n"
        "u.urlopen(u.Request(sys.argv[3], open(sys.argv[2], 'rb').read()), context=context)\n"
    )
    return [sys.executable, str(script), str(certificate_file), str(body), url]


class Posting:
    """A hub that takes POSTs and a post that makes them; a context manager (Linux, root)."""

    def __init__(self, road: Duplex) -> None:
        """`road` must be fresh and have overhead 0: TUN packets carry their IP header."""
        self.road = road
        self.hosts = JoinedHosts(road)
        self.events: list[Event] = []
        self.joined = 0.0
        """The monotonic second at which the road began."""
        self._news = threading.Condition()
        self._folder = tempfile.TemporaryDirectory(prefix="xt-rivals-")
        self._server: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Posting:
        """Start the link and the server."""
        self._certificate, key_file = certificate(Path(self._folder.name))
        self.hosts.__enter__()
        self.joined = time.monotonic()
        server = [sys.executable, str(SERVER), str(PORT), str(self._certificate), str(key_file)]
        self._server = self.hosts.hub.start(server, stdout=subprocess.PIPE, text=True)
        if self._server.stdout is None or self._server.stdout.readline().strip() != "ready":
            self.hosts.__exit__(None, None, None)
            raise RuntimeError("the HTTPS server did not start")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self._server is not None
        assert self._server.stdout is not None
        for line in self._server.stdout:
            what, at, path, size = line.split()
            with self._news:
                self.events.append(Event(what, float(at), path.strip("/"), int(size)))
                self._news.notify_all()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.hosts.__exit__(kind, error, trace)
        if self._server is not None and self._server.stdout is not None:
            self._server.wait()
            if self._reader is not None:
                self._reader.join()
            self._server.stdout.close()
        self._folder.cleanup()

    def write(self, name: str, size: int, seed: int) -> Path:
        """Write what `post` will send, where that takes long enough to be seen in a time."""
        body = Path(self._folder.name) / f"body-{name}"
        if not body.exists():
            body.write_bytes(payload(size, seed))
        return body

    def post(self, name: str, size: int, seed: int) -> subprocess.Popen[bytes]:
        """Start a client that posts `size` bytes as `/name`."""
        folder, body = Path(self._folder.name), self.write(name, size, seed)
        return self.hosts.post.start(poster(folder, body, self._certificate, name))

    def wait_for(self, wanted: Callable[[Event], bool], patience_s: float) -> Event | None:
        """The first event, past or to come, that is `wanted`; None if there is none in time."""
        until = time.monotonic() + patience_s
        seen = 0
        with self._news:
            while True:
                for event in self.events[seen:]:
                    if wanted(event):
                        return event
                seen = len(self.events)
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)

    def whole(self, name: str, patience_s: float = LIMIT_S) -> float | None:
        """When the body of `/name` was whole, or None."""
        event = self.wait_for(lambda e: e.what == "whole" and e.name == name, patience_s)
        return event.at if event else None


def finish(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Let a client take its answer, but not for ever."""
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
