"""How many bytes a typical consult needs on the wire, and how many FHIR over HTTPS needs.

Takes the consults of tests/data/consults.jsonl, which training never saw: complaint, history and
exam of about 150 characters together, seven vital signs, name, question. Each is signed, packed,
sealed and put into the link's first datagram by the code that ships. The same consult as a FHIR R4
bundle, gzipped, goes by POST over TLS 1.3 to a server on this machine in the same run; its bytes
are counted by the kernel (TCP_INFO), with 20 bytes of IPv4 and 32 of TCP header for each segment.
Loopback's large segments favour HTTPS. Its closing segments are not counted.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import importlib
import json
import os
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtcli.records import sign, types
from xtcli.records.ids import RecordId, Span
from xtcli.records.values import Patient, Sex, Urgency
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.bundle.seal import bundle_context, seal
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.symbols import bundle_tag

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "data" / "consults.jsonl"
IP_UDP_BYTES = 28
IP_TCP_BYTES = 52
DATAGRAM_BYTES = 1200
MEDIAN_BAR_BYTES = 420
ONE_DATAGRAM_BAR = 0.95
REALM = b"realm-01"


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one consult at each step; `wire` holds IP and UDP headers of every datagram."""

    content: int
    packed: int
    sealed: int
    wire: int
    datagrams: int


class Post:
    """A post and its hub's public keys, enough to send."""

    def __init__(self) -> None:
        """Draw keys."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        self.signer = sign.Signer(os.urandom(32))
        self.private = os.urandom(32)
        self.hub_public = X25519PrivateKey.generate().public_key().public_bytes_raw()

    def record(self, body: types.Body, seq: int) -> sign.Record:
        """The signed record of `body`."""
        return sign.author(
            body, station=12, seq=seq, author=40, at=1_800_000_000 + 977 * seq,
            case=RecordId(12, 7) if isinstance(body, types.Note) else None,
            prev=os.urandom(8) if seq > 1 else bytes(8), signer=self.signer, realm=REALM,
        )  # fmt: skip

    def send(self, record: sign.Record) -> Size:
        """Through pack, seal and a fresh link until it has nothing to say."""
        packed = pack([Part(record.content, record.raw)])
        sealed = seal(
            packed, recipient=self.hub_public, context=bundle_context(REALM, 12, 1),
            entropy=os.urandom,
        )  # fmt: skip
        key = link_key(self.private, self.hub_public, REALM)
        link = Link(local=12, peer=1, key=key, now=0.0, entropy=os.urandom)
        link.offer(bundle_tag(sealed), sealed, 1, 0.0)
        datagrams = []
        while (datagram := link.send(0.0)) is not None:
            datagrams.append(datagram)
        needed = datagrams[:1] if len(sealed) < len(datagrams[0]) else datagrams
        wire = sum(len(d) + IP_UDP_BYTES for d in needed)
        return Size(len(record.content), len(packed), len(sealed), wire, len(needed))


def body_of(item: dict[str, Any]) -> types.Request:
    """A consult of the sample as a request."""
    return types.Request(
        patient=Patient(name=item["name"], sex=Sex(item["sex"]), born=item["born"]),
        dept=item["dept"],
        urgency=Urgency(item["urgency"]),
        vitals=tuple((code, value) for code, value in item["vitals"]),
        **{key: item[key] for key in ("complaint", "history", "exam", "allergy", "question")},
    )


def fhir(item: dict[str, Any]) -> bytes:
    """The same consult as a FHIR R4 transaction: Patient, ServiceRequest, one Observation each."""
    from xtcli.clinic.signs import BY_NUMBER

    subject = {"reference": "urn:uuid:patient"}
    born = str(item["born"])
    date = "-".join(p for p in (born[:4], born[4:6], born[6:]) if int(p))
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient", "name": [{"text": item["name"]}], "birthDate": date,
            "gender": {1: "male", 2: "female"}.get(item["sex"], "unknown"),
        },
        {
            "resourceType": "ServiceRequest", "status": "active", "intent": "order",
            "priority": ("routine", "urgent", "stat")[item["urgency"]], "subject": subject,
            "authoredOn": "2027-01-15T08:00:00Z", "code": {"text": item["dept"]},
            "reasonCode": [{"text": item["complaint"]}],
            "note": [{"text": item[k]} for k in ("history", "exam", "allergy", "question")],
        },
    ]  # fmt: skip
    for number, value in item["vitals"]:
        of = BY_NUMBER[number]
        resources.append(
            {
                "resourceType": "Observation", "status": "final", "subject": subject,
                "code": {"text": of.en},
                "valueQuantity": {"value": value / 10**of.decimals, "unit": of.unit},
            }
        )  # fmt: skip
    entries = [
        {"resource": r, "request": {"method": "POST", "url": r["resourceType"]}} for r in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


@contextmanager
def https_server() -> Iterator[tuple[int, Path]]:
    """A TLS 1.3 server on this machine: its port and certificate."""
    certificate = importlib.import_module("_https_rival").certificate
    with tempfile.TemporaryDirectory() as folder:
        certificate_file, key_file = certificate(Path(folder))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        script = ROOT / "scripts" / "bench" / "_https_server.py"
        command = [sys.executable, str(script), str(port), str(certificate_file), str(key_file)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield port, certificate_file
        finally:
            server.terminate()
            server.wait()


def https_post(port: int, certificate_file: Path, body: bytes) -> tuple[int, int]:
    """IP bytes up and down of one POST on a new connection, by the kernel's count."""
    context = ssl.create_default_context(cafile=str(certificate_file))
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
    headers = {"Content-Type": "application/fhir+json", "Content-Encoding": "gzip"}
    connection.request("POST", "/fhir", body, headers)
    connection.getresponse().read()
    info = connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    # struct tcp_info of linux/tcp.h: bytes acked and received, then segments out and in.
    acked, received, segments_out, segments_in = struct.unpack_from("<QQII", info, 120)
    connection.close()
    return acked + IP_TCP_BYTES * segments_out, received + IP_TCP_BYTES * segments_in


def spread(values: list[int]) -> str:
    """Median, 95th percentile and largest."""
    ordered = sorted(values)
    return (
        f"{statistics.median(ordered):7.0f} {ordered[int(0.95 * len(ordered))]:7} {ordered[-1]:7}"
    )


def main() -> int:
    """Print the table; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=Path, default=SAMPLE)
    parser.add_argument("--no-https", action="store_true")
    asked = parser.parse_args()
    items = [json.loads(line) for line in asked.sample.read_text(encoding="utf-8").splitlines()]
    post = Post()
    sizes = [post.send(post.record(body_of(item), seq)) for seq, item in enumerate(items, 1)]
    receipt = post.send(post.record(types.Receipt(records=(Span(12, 7, 7),)), 900))
    ack = post.send(post.record(types.Note(text="患者已服药，血压下降。"), 901))
    one = sum(s.datagrams == 1 and s.wire - IP_UDP_BYTES <= DATAGRAM_BYTES for s in sizes)
    print(f"{len(items)} consults kept aside from training     median     p95     max  bytes")
    for name in ("content", "packed", "sealed", "wire"):
        print(f"  {name:37} {spread([getattr(s, name) for s in sizes])}")
    print(f"  receipt that comes back, on the wire  {receipt.wire:7}")
    print(f"  short note, on the wire               {ack.wire:7}")
    print(f"  in one datagram of <= {DATAGRAM_BYTES} bytes: {one} of {len(sizes)}")
    median = statistics.median(s.wire for s in sizes)
    if not asked.no_https and hasattr(socket, "TCP_INFO"):
        compare(items, median, receipt.wire)
    met = median <= MEDIAN_BAR_BYTES and one >= ONE_DATAGRAM_BAR * len(sizes)
    print(
        f"bar: median <= {MEDIAN_BAR_BYTES} and >= {ONE_DATAGRAM_BAR:.0%} in one datagram: "
        f"{'met' if met else 'MISSED'}"
    )
    return 0 if met else 1


def compare(items: list[dict[str, Any]], median: float, receipt: int) -> None:
    """The same consults as FHIR over HTTPS, one connection each."""
    bodies = [gzip.compress(fhir(item), 9) for item in items]
    with https_server() as (port, certificate_file):
        counted = [https_post(port, certificate_file, body) for body in bodies]
    both = statistics.median(up + down for up, down in counted)
    print(f"  FHIR JSON, gzip                       {spread([len(b) for b in bodies])}")
    print(f"  the same by HTTPS POST, up            {spread([up for up, _ in counted])}")
    print(f"  the same by HTTPS POST, both ways     {spread([sum(c) for c in counted])}")
    print(f"  HTTPS / xt with receipt, both ways    {both / (median + receipt):7.1f}")


if __name__ == "__main__":
    sys.exit(main())
