"""What today's tools need for the same bytes on the same links: real processes, real kernel TCP.

Each run joins two network namespaces through the emulator (Linux, root) and moves one random
payload from the post to the hub. As a program it prints a table; other benches import
`https_post` and, where Reticulum is installed, `lxmf_send`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.options import guarded
from xtcli.transport.emulator.profiles import Profile, profile
from xtcli.transport.emulator.tun import HUB_ADDRESS, JoinedHosts

HERE = Path(__file__).resolve().parent
PORT = 8443
LIMIT_S = 600.0
"""A run that takes longer has failed."""


@dataclass(frozen=True, slots=True)
class RivalRun:
    """One payload moved: `seconds` until whole at the hub (None: never), IP bytes offered."""

    rival: str
    link: str
    size: int
    seed: int
    seconds: float | None
    bytes_up: int
    bytes_down: int


Rival = Callable[[Profile, int, int], RivalRun]


def limit_s(link: Profile, size: int) -> float:
    """Physical limit: mean one-way delay and the bytes at the share of the rate that survives."""
    rate = link.rate_up_bps
    sending = 0.0 if rate is None else 8 * (size + 28) / (rate * (1 - link.loss))
    return link.delay_s + sending


def payload(size: int, seed: int) -> bytes:
    """Bytes that no tool can compress."""
    return Random(f"payload {seed}").randbytes(size)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A fresh self-signed P-256 certificate for the hub's address, and its key, as PEM files."""
    import datetime
    import ipaddress

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


def poster(folder: Path, body: Path, certificate_file: Path) -> list[str]:
    """The post's command: curl where there is one, else Python's own HTTPS client."""
    url = f"https://{HUB_ADDRESS}:{PORT}/"
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


def https_post(link: Profile | str, size: int, seed: int) -> RivalRun:
    """POST `size` bytes over a fresh TLS 1.3 connection; time from starting the client.

    The client's own start, about 20 ms, is in the figure.
    """
    chosen = profile(link) if isinstance(link, str) else link
    with tempfile.TemporaryDirectory(prefix="xt-rivals-") as name:
        folder = Path(name)
        certificate_file, key_file = certificate(folder)
        body = folder / "body"
        body.write_bytes(payload(size, seed))
        road = Duplex(chosen, seed, overhead=0)
        server = [sys.executable, str(HERE / "_https_server.py"), str(PORT)]
        with JoinedHosts(road) as hosts:
            hub = hosts.hub.start(
                [*server, str(certificate_file), str(key_file)],
                stdout=subprocess.PIPE,
                text=True,
            )
            if hub.stdout is None or hub.stdout.readline().strip() != "ready":
                raise RuntimeError("the HTTPS server did not start")
            began = time.monotonic()
            post = hosts.post.start(poster(folder, body, certificate_file))
            whole_at = _first_line(hub, LIMIT_S)
            _finish(post, 60.0 if whole_at else 0.0)
        hub.wait()
        hub.stdout.close()
    seconds = None if whole_at is None else float(whole_at) - began
    up, down = road.up.counters, road.down.counters
    return RivalRun("https", chosen.name, size, seed, seconds, up.bytes_offered, down.bytes_offered)


def _first_line(process: subprocess.Popen[str], patience_s: float) -> str | None:
    """The next line of a process's stdout, or None if it takes longer or ends."""
    with ThreadPoolExecutor(1) as pool:
        assert process.stdout is not None
        line = pool.submit(process.stdout.readline)
        try:
            return line.result(patience_s).strip() or None
        except TimeoutError:
            # Ends the reader's wait too; the run has failed.
            process.kill()
            return None


def _finish(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Let a client take its answer, but not for ever."""
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
