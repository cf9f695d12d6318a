"""Parsers of sound, pictures and calls."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.engine import Parser
from tests.fuzz.parsers_records import text, typed
from tests.fuzz.parsers_transport import noise
from tests.fuzz.places import place
from xtcli.errors import BundleRejected
from xtcli.media import jpeg, kinds, ogg, picture, sound, stills, voice
from xtcli.media.call import packet, rtp
from xtcli.media.call import stills as call_stills
from xtcli.media.call.handshake import Handshake
from xtcli.media.call.keys import Party, Seal, public_of

SECONDS = 0.6
SIDE = 24


# Calls


@functools.cache
def _parties() -> tuple[Party, Party]:
    one, two = noise(32, "one"), noise(32, "two")
    return (Party(one, public_of(two), noise(32, "three")),
            Party(two, public_of(one), noise(32, "four")))  # fmt: skip


@functools.cache
def _rung() -> tuple[Handshake, bytes, Handshake]:
    caller, called = _parties()
    calling = Handshake.call(caller)
    ring = calling.ring(b"note", b"route")
    return calling, ring, Handshake.answer(called, ring)[0]


def rung() -> tuple[Party, Party, bytes]:
    """Caller, called, and the ring."""
    return *_parties(), _rung()[1]


def call_noise() -> list[bytes]:
    """Everything that may come to a call, sealed or not."""
    return [*_handshakes(), *_payloads()]


def _handshake(data: bytes) -> None:
    """Every datagram of a handshake, by whoever may get it; none but the genuine is taken."""
    calling, _, answering = _rung()
    found = 0
    tries: tuple[Callable[[bytes], object], ...] = (
        lambda payload: Handshake.answer(_parties()[1], payload), calling.read_reply,
        calling.read_accept, answering.check_cancel, answering.same_ring,
    )  # fmt: skip
    for take in tries:
        try:
            take(data)
            found += 1
        except BundleRejected:
            continue
    if not found:
        raise BundleRejected("None of these.", "It is left out.")


def _handshakes() -> list[bytes]:
    calling, ring, answering = _rung()
    replies = [answering.reply(word) for word in packet.Reply]
    return [ring, answering.accept()[0], calling.cancel(), *replies]


def _sealed_payload(data: bytes) -> object:
    kind, number = packet.split_header(data)
    return Seal(noise(32)).open(kind, number, data[:2], data[2:])


def _payloads() -> list[bytes]:
    seal, found = Seal(noise(32)), []
    for kind in packet.Kind:
        clear = packet.header(kind, 9)
        found.append(clear + seal.seal(kind, 9, clear, noise(40)))
    return found


REPORT = packet.Report(3, True, 77, 0.1, 0.05, 0.02, 0xFFFF_0F0F, 99, 0xABCDEF, 8)


def _reports() -> list[bytes]:
    return [packet.encode_report(REPORT), packet.encode_report(packet.Report())]


SOUND_KINDS = (packet.Kind.SOUND, packet.Kind.REPORT) if hasattr(packet.Kind, "REPORT") else tuple(
    packet.Kind)  # fmt: skip


def _sound(data: bytes) -> object:
    kinds_of_sound = list(packet.Kind)
    kind = kinds_of_sound[(data[0] if data else 0) % len(kinds_of_sound)]
    return packet.decode_sound(kind, 500, data[1:])


def _sounds() -> list[bytes]:
    made = [
        packet.Sound(500, 1, (), (noise(40),)), packet.Sound(500, 1, (2,), (noise(40), noise(30))),
        packet.Sound(500, 2, (1, 3), tuple(noise(20 + i) for i in range(6)), REPORT),
    ]  # fmt: skip
    found = [packet.encode_sound(one) for one in made]
    return [bytes([list(packet.Kind).index(kind)]) + body for kind, body in found]


def _controls() -> list[bytes]:
    return [packet.encode_control(word, REPORT) for word in packet.Word]


def _chunks() -> list[bytes]:
    return [call_stills.encode_chunk(call_stills.Chunk(3, 5, 2, 0.5, 9.0, noise(80))),
            call_stills.encode_got(3, {0, 2}, 5)]  # fmt: skip


def _chunk(data: bytes) -> None:
    try:
        call_stills.decode_got(data)
    except BundleRejected:
        call_stills.decode_chunk(data)


def _rtp() -> list[bytes]:
    plain = b"\x80\x60" + noise(10) + noise(50)
    red = b"\x80\x3f" + noise(10) + b"\xe0\x0f\x00\x14\x60" + noise(20) + noise(40)
    return [plain, red, rtp.encode_report(7, 1.0, 48_000, 5, 400)]


def _rtp_any(data: bytes) -> None:
    if rtp.is_rtcp(data):
        rtp.decode_rtcp(data, 7)
    else:
        rtp.decode_rtp(data)


# Sound files


@functools.cache
def _notes() -> tuple[bytes, ...]:
    """Short notes of speech-like noise, and an Ogg file without any sound that decodes."""
    pcm = b"".join(noise(2, str(i % 40)) * 8 for i in range(int(16_000 * SECONDS / 8)))
    return (voice.encode(pcm), ogg.write(ogg.OpusStream((b"\x08" + noise(20),) * 5, 312, 14_000)))


class Stream:
    """A decoder that goes on after whatever came before, as in a call; a new one now and then."""

    def __init__(self) -> None:
        """None yet."""
        self.fed = 0
        self.decoder: Any = None

    def feed(self, data: bytes) -> None:
        """One packet."""
        from xtcli.media.opus import Decoder

        if self.fed % 50 == 0:
            self.decoder = Decoder()
        self.fed += 1
        self.decoder.decode(data)


def _opus() -> Callable[[bytes], None]:
    kept = functools.cache(Stream)
    return lambda data: kept().feed(data)


def _packets() -> list[bytes]:
    return [packet for packet in ogg.read(_notes()[0]).packets if packet][:20]


class File:
    """A file with any bytes."""

    def __init__(self, name: str, read: Callable[[Path], object]) -> None:
        """Lies in memory where that can be had."""
        self.path = place() / name
        self.read = read

    def feed(self, data: bytes) -> object:
        """Write it, read it."""
        self.path.write_bytes(data)
        return self.read(self.path)


def _file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], object]:
    kept = functools.cache(lambda: File(name, read))
    return lambda data: kept().feed(data)


@functools.cache
def _wave() -> bytes:
    import wave

    room = io.BytesIO()
    with wave.open(room, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(noise(3_000))
    return room.getvalue()


# Pictures


@functools.cache
def _pictures() -> tuple[bytes, ...]:
    from PIL import Image

    image = Image.frombytes("RGB", (SIDE, SIDE), noise(3 * SIDE * SIDE))
    found = []
    for form in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"):
        room = io.BytesIO()
        image.save(room, form)
        found.append(room.getvalue())
    return tuple(found)


def _stills() -> list[bytes]:
    from PIL import Image

    image = Image.frombytes("RGB", (64, 48), noise(3 * 64 * 48))
    return [stills.shrink(image, 9_000)]


def _region(line: str) -> object:
    return picture.Region.parse(line)


def call_parsers() -> list[Parser]:
    """Calls."""
    at = "xtcli.media.call"
    return [
        Parser("call-handshake",
               (f"{at}.handshake:Handshake.read_reply", f"{at}.handshake:Handshake.read_accept"),
               _handshake, _handshakes, bytes_max=1_300),
        Parser("call-sealed", (f"{at}.keys:Seal.open",), _sealed_payload, _payloads,
               bytes_max=1_300),
        Parser("call-report", (f"{at}.packet:decode_report",), packet.decode_report, _reports,
               bytes_max=200),
        Parser("call-sound", (f"{at}.packet:decode_sound",), _sound, _sounds, bytes_max=1_300),
        Parser("call-control", (f"{at}.packet:decode_control",), packet.decode_control, _controls,
               bytes_max=200),
        Parser("call-still-chunk",
               (f"{at}.stills:decode_chunk", f"{at}.stills:decode_got"), _chunk, _chunks,
               bytes_max=1_300),
        Parser("rtp", (f"{at}.rtp:decode_rtp", f"{at}.rtp:decode_rtcp"), _rtp_any, _rtp,
               bytes_max=1_500),
        Parser("still", ("xtcli.media.stills:unpack",), stills.unpack, _stills),
    ]  # fmt: skip


def parsers() -> list[Parser]:
    """All of this room."""
    at = "xtcli.media"
    return [
        *call_parsers(),
        Parser("ogg", (f"{at}.ogg:read",), ogg.read, lambda: list(_notes())),
        Parser("voice-note", (f"{at}.voice:decode_note",), voice.decode_note,
               lambda: list(_notes())),
        Parser("opus", (f"{at}.opus:Decoder.decode",), _opus(), _packets, bytes_max=1_500),
        Parser("sound-file", (f"{at}.sound:read_sound",), _file("note.wav", sound.read_sound),
               lambda: [_wave(), *_notes()]),
        Parser("kind-of-file", (f"{at}.kinds:sniff", f"{at}.kinds:kind_of_file"),
               _file("file", kinds.kind_of_file), lambda: [*_pictures(), _wave(), *_notes()]),
        Parser("picture", (f"{at}.picture:open_upright",), _file("photo", picture.open_upright),
               lambda: list(_pictures())),
        Parser("jpeg", (), jpeg.strip, lambda: [_pictures()[0]], refusals=(ValueError,)),
        Parser("region", (f"{at}.picture:Region.parse",), text(_region), typed("25,10,50,50"),
               local=True, bytes_max=100),
    ]  # fmt: skip
