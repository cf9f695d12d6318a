"""Parsers of everything on the roads: bundles, links, sticks, lines, messages, traces."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.fuzz.engine import Parser
from tests.fuzz.parsers_records import apart, joined, text, typed, vectors
from tests.fuzz.places import place
from xtcli.errors import BundleRejected, UsageError
from xtcli.transport.bundle import codecs, hpke, ppm
from xtcli.transport.bundle import seal as seal_module
from xtcli.transport.bundle.envelope import Envelope, read_envelope, read_header
from xtcli.transport.bundle.model import read_model, write_model
from xtcli.transport.bundle.pack import Part, pack, unpack
from xtcli.transport.bundle.seal import bundle_context, open_sealed, seal
from xtcli.transport.bundle.varint import read_number, write_number
from xtcli.transport.carriers import batches, folder, frames, short
from xtcli.transport.carriers.serial import SerialName
from xtcli.transport.emulator import capacity, options, relay
from xtcli.transport.link import frames as link_frames
from xtcli.transport.link.events import BundleArrived
from xtcli.transport.link.keys import Seal
from xtcli.transport.link.session import Link
from xtcli.transport.symbols import Decoder, Encoder

KEY = bytes(range(32))
TEXT = "患者胸闷胸痛三小时，伴出汗，血压165/95，心率104。".encode()
PACKED_AGAIN_BYTES, PACKED_AGAIN_EVERY = 400, 16
ROOM = 64 << 10
"""What expanding may give here, so that a day's inputs end on the same day."""


def stored(body: bytes) -> bytes:
    """`body` as the only part of a bundle, not compressed, which an enemy need not do."""
    return b"\x40" + body


def noise(count: int, name: str = "") -> bytes:
    """Bytes that are always the same."""
    return Random(f"noise {name} {count}").randbytes(count)


# Bundles


def _packs() -> list[bytes]:
    parts = [Part(TEXT, noise(72)), Part(noise(30)), Part(TEXT * 3, noise(200))]
    made = [pack(parts[:1]), pack(parts), pack([Part(noise(900))]), pack([Part(TEXT * 40)])]
    return made + vectors("bundle", kind="pack")


def _unpack(data: bytes) -> None:
    parts = unpack(data)
    # Packing takes longer than anything that a stranger can make a station do.
    few = zlib.crc32(data) % PACKED_AGAIN_EVERY == 0
    if few and sum(len(part.body) for part in parts) <= PACKED_AGAIN_BYTES:
        assert unpack(pack(parts)) == parts


def _with_codec(data: bytes) -> bytes:
    return codecs.expand(data[0] if data else 0, data[1:], ROOM)


def _compressed() -> list[bytes]:
    found = (codecs.compress(stream) for stream in (TEXT, TEXT * 30, noise(300), noise(9) * 900))
    return [bytes([codec]) + packed for codec, packed in found]


def _ppm(data: bytes) -> bytes:
    return ppm.expand(data, codecs.model(codecs.CODEC_VERSION), 4_096)


def _ppms() -> list[bytes]:
    model = codecs.model(codecs.CODEC_VERSION)
    return [ppm.compress(stream, model) for stream in (TEXT, b"abc", TEXT * 4)]


@functools.cache
def _pair() -> tuple[bytes, bytes]:
    """A private and a public X25519 key."""
    private = noise(32, "pair")
    return private, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


@functools.lru_cache(maxsize=16)
def _closer(recipient: bytes, context: bytes) -> Callable[[bytes], bytes]:
    start = seal(b"", recipient=recipient, context=context, entropy=noise)
    enc = start[1 : 1 + hpke.ENC_BYTES]
    dh = X25519PrivateKey.from_private_bytes(noise(hpke.KEY_BYTES)).exchange(
        X25519PublicKey.from_public_bytes(recipient)
    )
    key, nonce = hpke._key_and_nonce(dh, enc, recipient, seal_module._LABEL + context)
    cipher = ChaCha20Poly1305(key)
    return lambda plain: start[:1] + enc + cipher.encrypt(nonce, plain, start[:1])


def sealed_alike(plain: bytes, recipient: bytes, context: bytes) -> bytes:
    """What `seal` with `entropy=noise` makes; but its one key is agreed once, not for each input.

    An enemy may use one key for everything, and whoever opens it cannot know.
    """
    return _closer(recipient, context)(plain)


CONTEXT = bundle_context(bytes(8), 4, 1)


def _sealed() -> list[bytes]:
    return [
        seal(plain, recipient=_pair()[1], context=CONTEXT, entropy=noise)
        for plain in (b"", TEXT, noise(1_000))
    ]


def _open_sealed(data: bytes) -> bytes:
    return open_sealed(data, private=_pair()[0], context=CONTEXT)


def _open_base(data: bytes) -> bytes:
    return hpke.open_base(data, private=_pair()[0], info=CONTEXT, aad=b"")


def _bases() -> list[bytes]:
    public = _pair()[1]
    return [
        hpke.seal_base(plain, public=public, info=CONTEXT, aad=b"", entropy=noise)
        for plain in (b"", TEXT)
    ]


def _sealed_inside(data: bytes) -> None:
    """What an enrolled station means ill with: genuine seal, any plaintext."""
    sealed = sealed_alike(data, _pair()[1], CONTEXT)
    unpack(_open_sealed(sealed))


def _envelopes() -> list[bytes]:
    made = [Envelope(1, 4, noise(2), p, noise(60 + 70 * p)).to_bytes() for p in range(5)]
    return made + vectors("bundle", kind="envelope")


def _number(data: bytes) -> bytes:
    number, at = read_number(data, 0)
    assert write_number(number) == data[:at]
    return data


# Links


def _contents() -> list[bytes]:
    return [datagram[:-8] for datagram in vectors("link")]


class EnrolledEnemy:
    """A link that is sent what carries a genuine tag; a fresh one now and then."""

    def __init__(self) -> None:
        """Nothing sent yet."""
        self.seal = Seal(KEY, 1, 0)
        self.fed = 0
        self.link: Any = None

    def feed(self, data: bytes) -> None:
        """One datagram, then everything a shell would do."""
        if self.fed % 100 == 0:
            self.link = Link(local=0, peer=1, key=KEY, now=0.0, entropy=bytes)
        self.fed += 1
        now = self.fed / 10
        if self.fed % 4:
            data = data[:1] + b"\0\1" + self.fed.to_bytes(4, "big") + data[7:]
        self.link.receive(data + self.seal.tag(data), now)
        for event in self.link.events():
            if isinstance(event, BundleArrived):
                self.link.refuse(event.tag, 1)
        while self.link.send(now) is not None:
            pass
        self.link.next_timer(now)


def _stranger(data: bytes) -> None:
    """Datagrams without a genuine tag change nothing."""
    link = Link(local=0, peer=1, key=KEY, now=0.0, entropy=bytes)
    link_frames.kind_of(data)
    link_frames.sender_of(data)
    link.receive(data, 1.0)


def _control(data: bytes) -> object:
    return link_frames.unpack_control(data)


def _frame(data: bytes) -> object:
    data = data or b"\0"
    kinds = list(link_frames.Kind)
    return link_frames.unpack_frame(kinds[data[0] % len(kinds)], data)


def _symbols(data: bytes) -> None:
    """Length (3), symbol bytes (2), then symbols of index (2) and payload."""
    length = int.from_bytes(data[:3], "big") % 60_000
    size = max(1, int.from_bytes(data[3:5], "big") % 1_200)
    decoder = Decoder(length, size)
    for at in range(5, len(data), size + 2):
        decoder.add(int.from_bytes(data[at : at + 2], "big"), data[at + 2 : at + 2 + size])
    if decoder.complete:
        decoder.data()


def _symbol_samples() -> list[bytes]:
    whole, size = noise(900), 100
    encoder = Encoder(whole, size)
    head = len(whole).to_bytes(3, "big") + size.to_bytes(2, "big")
    return [
        head + b"".join(i.to_bytes(2, "big") + encoder.symbol(i) for i in range(first, first + 9))
        for first in (0, 3, 9)
    ]


# Other roads


class Line:
    """A line that goes on being noisy: the reader keeps what came before."""

    def __init__(self) -> None:
        """A new line."""
        self.deframer = frames.Deframer()

    def feed(self, data: bytes) -> None:
        """Bytes of the line, and then a sound frame, which must come through."""
        list(self.deframer.feed(data))
        assert list(self.deframer.feed(b"\0" + frames.frame(TEXT)))[-1:] == [TEXT]


def _unstuff(data: bytes) -> bytes:
    return frames.stuff(frames.unstuff(data))


def _asked() -> list[bytes]:
    some = (noise(16), 2.5, 4_000)
    return [batches.Asked(*some, tuple(noise(n) for n in sizes)).to_bytes()
            for sizes in ((), (40,), (500, 1_100, 1))]  # fmt: skip


SHORT_KEY = short.ShortKey(KEY, 1, 4)
SHORT_PEER = short.ShortKey(KEY, 4, 1)


def _short(data: bytes) -> object:
    """Any content with a genuine tag."""
    message = SHORT_PEER.close(data)
    short.sender_of(message)
    return short.read(message, SHORT_KEY)


def short_contents() -> list[bytes]:
    """Short messages of all kinds without their tags."""
    cut = [*short.cut(noise(600), SHORT_PEER, 4, 1, 134, 0, 6),
           *short.cut(noise(90), SHORT_PEER, 4, 0, 134, 0, 1),
           short.more(SHORT_PEER, 4, b"ab", 900, 3)]  # fmt: skip
    return [message[: -short.TAG_BYTES] for message in cut]


def _join(data: bytes) -> object:
    """Symbols as they lie in the store: index and payload, all of one size."""
    size = max(1, (data[0] if data else 1) % 120)
    rest = data[1:]
    parts = {at // size: rest[at : at + size] for at in range(0, len(rest), size)}
    return short.join(parts or {0: b"x" * size}, max(50, len(rest)), b"ab")


class Folder:
    """A stick with one file that somebody made."""

    def __init__(self) -> None:
        """In memory where that can be had."""
        self.path = place()
        (self.path / folder.SUBFOLDER).mkdir()

    def feed(self, data: bytes) -> None:
        """Whatever it is: taken whole, or left and named."""
        file = self.path / folder.SUBFOLDER / "0123456789abcdef.xtb"
        file.write_bytes(data)
        bad: list[folder.Refused] = []
        for found in folder.take(self.path, 1, noise(2), bad):
            assert found.envelope.to_bytes() == data
        folder.status(self.path, 1, noise(2))


def _made(make: Callable[[], Any]) -> Callable[[bytes], object]:
    """`feed` of something that is made when it is first fed."""
    kept = functools.cache(make)
    return lambda data: kept().feed(data)


def _model() -> list[bytes]:
    rows = [[(0, 9, 3, 2)], [(65, 5, 1, 1), (66, 4, 0, 1), (67, 3, 0, 1)], [(66, 2, 0, 0)]]
    return [write_model(rows, [97, 98, 99])]


def bundle_parsers() -> list[Parser]:
    """Bundles and envelopes."""
    room = "xtcli.transport.bundle"
    return [
        Parser("bundle", (f"{room}.pack:unpack",), _unpack, _packs),
        Parser("bundle-sealed-by-an-enemy", (), _sealed_inside, _packs),
        Parser("codecs", (f"{room}.codecs:expand",), _with_codec, _compressed),
        Parser("ppm", (f"{room}.ppm:expand",), _ppm, _ppms, bytes_max=600),
        Parser("sealed", (f"{room}.seal:open_sealed",), _open_sealed, _sealed),
        Parser("hpke", (f"{room}.hpke:open_base",), _open_base, _bases),
        Parser("envelope", (f"{room}.envelope:read_envelope",), read_envelope, _envelopes,
               again=lambda found: found.to_bytes()),
        Parser("envelope-header", (f"{room}.envelope:read_header",), read_header, _envelopes),
        Parser("varint", (f"{room}.varint:read_number",), _number,
               lambda: [write_number(n) for n in (0, 127, 128, 70_000, 2**28)], bytes_max=16),
        Parser("ppm-model", (f"{room}.model:read_model",), read_model, _model,
               refusals=(ValueError,), local=True),
    ]  # fmt: skip


def link_parsers() -> list[Parser]:
    """The link and what it is made of."""
    room = "xtcli.transport.link"
    return [
        Parser("link-content", (f"{room}.frames:unpack_content",), link_frames.unpack_content,
               _contents, refusals=(link_frames.FrameError,)),
        Parser("link-control", (f"{room}.frames:unpack_control",), _control,
               lambda: [content[7:] for content in _contents()],
               refusals=(link_frames.FrameError,)),
        Parser("link-frame", (f"{room}.frames:unpack_frame",), _frame,
               lambda: [content[7:] for content in _contents()],
               refusals=(link_frames.FrameError,)),
        Parser("link-stranger",
               (f"{room}.frames:kind_of", f"{room}.frames:sender_of"), _stranger,
               lambda: vectors("link"), refusals=()),
        Parser("link-enrolled-enemy",
               (f"{room}.session:Link.receive", f"{room}.spooled:SpooledLink.receive"),
               _made(EnrolledEnemy), _contents, refusals=()),
        Parser("symbols", (), _symbols, _symbol_samples, refusals=(ValueError, BundleRejected)),
    ]  # fmt: skip


def road_parsers() -> list[Parser]:
    """Sticks, lines, HTTPS bodies, short messages, traces and how roads are written."""
    room, tool = "xtcli.transport.carriers", "xtcli.transport.emulator"
    trace = "".join(f"{ms}\n" for ms in range(0, 900, 7))
    rates = "time,download_mbps,upload_mbps\n" + "".join(f"{i},{i}.5,1\n" for i in range(20))
    return [
        Parser("stick", (), _made(Folder), _envelopes, refusals=()),
        Parser("line", (f"{room}.frames:Deframer.feed",), _made(Line),
               lambda: [frames.frame(noise(n)) for n in (1, 60, 1_150)], refusals=()),
        Parser("unframe", (f"{room}.frames:unframe",), frames.unframe,
               lambda: [frames.frame(noise(n))[1:-1] for n in (1, 60, 1_150)],
               refusals=(ValueError,)),
        Parser("unstuff", (f"{room}.frames:unstuff",), _unstuff,
               lambda: [frames.stuff(noise(n) + bytes(3)) for n in (1, 60, 600)],
               refusals=(ValueError,)),
        Parser("https-batch", (f"{room}.batches:unpack",), batches.unpack,
               lambda: [batches.pack([noise(40), noise(900)]), b""], again=batches.pack),
        Parser("https-request", (f"{room}.batches:read_asked",), batches.read_asked, _asked,
               again=lambda found: found.to_bytes()),
        Parser("short-message",
               (f"{room}.short:sender_of", f"{room}.short:read", f"{room}.short:ShortKey.open"),
               _short, short_contents),
        Parser("short-join", (f"{room}.short:join",), _join,
               lambda: [bytes([60]) + noise(300), bytes([119]) + noise(1_100)],
               refusals=(ValueError, BundleRejected)),
        Parser("serial-name", (f"{room}.serial:SerialName.parse",), text(SerialName.parse),
               typed("/dev/ttyUSB0", "/dev/ttyS1@9600"), local=True, bytes_max=200),
        Parser("trace-mahimahi", (f"{tool}.capacity:parse_mahimahi",),
               text(capacity.parse_mahimahi), typed(trace), refusals=(UsageError,), local=True),
        Parser("trace-csv", (f"{tool}.capacity:parse_rates",),
               text(lambda lines: capacity.parse_rates(lines, "download_mbps")), typed(rates),
               refusals=(UsageError,), local=True),
        Parser("outage", (f"{tool}.options:parse_outage",), text(options.parse_outage),
               typed("60/90", "5/10.5"), refusals=(UsageError,), local=True, bytes_max=100),
        Parser("relay-address", (f"{tool}.relay:parse_address",), text(relay.parse_address),
               typed("h.example:4400", "[::1]:53"), refusals=(UsageError,), local=True,
               bytes_max=200),
    ]  # fmt: skip


def parsers() -> list[Parser]:
    """All of this room."""
    return [*bundle_parsers(), *link_parsers(), *road_parsers()]


__all__ = ["apart", "joined", "noise", "parsers"]
