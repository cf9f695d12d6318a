"""Voice notes: any recording to a few kilobytes of speech, and back to sound.

docs/format/voice.md says what a note's bytes are. A note is levelled, trimmed, coded in frames of
60 ms with silence almost free, and holds nothing about the machine, the place or the time. It
refuses to know who speaks, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtcli.errors import BundleRejected, UsageError
from xtcli.media import ogg, opus, search, waveform
from xtcli.media.level import tidy
from xtcli.media.sound import read_sound

MEDIA_TYPE = "audio/ogg; codecs=opus"
SECONDS_MAX = ogg.SECONDS_MAX
FILE_BYTES_MAX = ogg.FILE_BYTES_MAX
DEFAULT_QUALITY = "normal"

_VENDOR = "xt "
_UP = ogg.OPUS_RATE_HZ // opus.SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Quality:
    """How a note of one quality is coded."""

    bitrate: int
    """Asked of Opus, in bit/s; `search` tries some above and below."""
    bandwidth: str
    price: float
    """Of a byte, in `search.encode`."""
    typical: int
    """Bit/s of fluent speech, framing included (measured, docs/MEDIA.md)."""
    most: int
    """Bytes for a second of any sound; `bytes_max` adds `SPARE_BYTES`."""
    share: float
    """Bytes of the search without a ceiling, of those in one go (measured)."""


QUALITIES = {
    "tiny": Quality(6_000, "narrow", 9.0, 5_000, 635, 1.06),
    "normal": Quality(8_000, "narrow", 6.0, 6_300, 768, 0.97),
    "clear": Quality(12_000, "wide", 2.5, 10_000, 1_285, 1.02),
}
"""By name, smallest first. 30 s take at most 19.5, 23.5 and 39 kB."""
SPARE_BYTES = 450
"""The headers, and room for one quick sentence."""
GOES_MAX = 4
"""How often a note is coded until it fits; speech takes one. In the last one no packet may exceed
its share: what is no speech at all (loud noise) ends there."""
AIM = 0.99
"""Of the bytes allowed, once more for each go that was not small enough."""
NEARLY = 0.03
"""A go that came out larger by less is steered again; else it was no speech."""
FRAMING_BYTES, FRAME_FRAMING_BYTES = 100, 0.56
"""About what `ogg` adds to the packets of speech: to a note, and (pages too) for each frame."""
END_BYTES = 70
"""Kept free in the first go: the end of a note is quiet, and takes more than was foreseen."""


@dataclass(frozen=True, slots=True)
class VoiceNote:
    """A finished note, ready to travel as a blob."""

    data: bytes
    """The Ogg file."""
    seconds: float
    quality: str
    peaks: tuple[int, ...]
    """Loudness along the note, 0..100, for `waveform.draw`."""


@dataclass(frozen=True, slots=True)
class NoteInfo:
    """What the bytes of a note say without decoding them."""

    seconds: float
    quality: str
    """A name in `QUALITIES`, or "" when another program made the note."""
    size: int
    """Bytes."""
    complete: bool
    """False when the end of the note is missing."""


def make_note(source: Path | bytes, quality: str = DEFAULT_QUALITY) -> VoiceNote:
    """A note from a sound file of any kind, or from PCM (16 kHz, mono, 16 bits).

    A whole note that xt made before, at this quality or a smaller one, is kept as it is. Raises
    `UsageError` (nothing to hear, too long, no sound in it, unknown quality), `NotFound`.
    """
    quality_named(quality)
    name = source.name if isinstance(source, Path) else "-"
    own = _own_note(source) if isinstance(source, Path) else None
    if own is not None and _is_small_enough(own, quality):
        info = note_info(own)
        return VoiceNote(own, info.seconds, info.quality, note_peaks(own))
    pcm = tidy(_pcm_of(source, own))
    if not pcm:
        raise UsageError(
            "Nothing can be heard in {name}.",
            "Check the microphone and record again, closer to the mouth.",
            name=name,
        )
    if len(pcm) > SECONDS_MAX * opus.SAMPLE_RATE_HZ * opus.SAMPLE_BYTES:
        raise UsageError(
            "{name} is longer than {minutes} minutes.",
            "Cut it, or send it as several notes.",
            name=name,
            minutes=SECONDS_MAX // 60,
        )
    data = encode(pcm, quality)
    return VoiceNote(data, note_info(data).seconds, quality, waveform.peaks(pcm))


def quality_named(quality: str) -> Quality:
    """A quality by its name; `UsageError` for a name there is not."""
    if quality not in QUALITIES:
        raise UsageError(
            "There is no quality {quality}.",
            "Choose one of {choices}.",
            quality=quality,
            choices=", ".join(QUALITIES),
        )
    return QUALITIES[quality]


def _own_note(path: Path) -> bytes | None:
    """The bytes of the note in `path` when it is one; our reader plays it even when it is cut."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        note_info(data)
    except (OSError, BundleRejected):
        return None
    return data


def _is_small_enough(note: bytes, quality: str) -> bool:
    """Whether nothing is gained by coding a note of ours again."""
    info = note_info(note)
    if not info.complete or not info.quality:
        return False
    return QUALITIES[info.quality].bitrate <= QUALITIES[quality].bitrate


def _pcm_of(source: Path | bytes, note: bytes | None) -> bytes:
    if note is not None:
        return decode_note(note)
    return read_sound(source) if isinstance(source, Path) else source


def estimate_bytes(seconds: float, quality: str = DEFAULT_QUALITY) -> int:
    """About how many bytes a note of `seconds` of fluent speech takes."""
    return round(quality_named(quality).typical / 8 * seconds) + 150


def bytes_max(seconds: float, quality: str = DEFAULT_QUALITY) -> int:
    """What a note of `seconds` takes at most, whoever speaks and however fast."""
    return int(quality_named(quality).most * seconds) + SPARE_BYTES


def encode(pcm: bytes, quality: str = DEFAULT_QUALITY) -> bytes:
    """The Ogg file of `pcm` as it is, neither levelled nor trimmed, within `bytes_max`.

    Speech that would take more is coded again, each byte at a higher price.
    """
    chosen = quality_named(quality)
    samples = len(pcm) // opus.SAMPLE_BYTES
    most = bytes_max(samples / opus.SAMPLE_RATE_HZ, quality)
    framing = FRAMING_BYTES + FRAME_FRAMING_BYTES * (samples / opus.FRAME_SAMPLES + 1)
    bitrate, price, packet_max = chosen.bitrate, chosen.price, opus.PACKET_BYTES_MAX
    steered: search.Budget | None = search.Budget(most - framing - END_BYTES, chosen.share)
    for go in range(1, GOES_MAX + 1):
        take = search.take(
            pcm, bitrate, price=price, bandwidth=chosen.bandwidth, packet_bytes_max=packet_max,
            budget=steered,
        )  # fmt: skip
        data = _written(take.packets, samples, take.lookahead, quality)
        over = len(data) - most
        if over <= 0:
            break
        if steered is not None and over < NEARLY * most:
            aim = steered.size - over - (1 - AIM) * most
            steered = search.Budget(aim, chosen.share)
            continue
        steered = None
        budget = most - (len(data) - take.size)
        bitrate, price = take.smaller(budget * AIM**go)
        if go == GOES_MAX - 1:
            packet_max = budget // len(take.packets)
    return data


def _written(packets: Sequence[bytes], samples: int, lookahead: int, quality: str) -> bytes:
    pre_skip = lookahead * _UP
    return ogg.write(
        ogg.OpusStream(
            packets=tuple(ogg.pair(packets)),
            end=pre_skip + samples * _UP,
            pre_skip=pre_skip,
            vendor=_VENDOR + quality,
        )
    )


def note_from_packets(packets: Sequence[bytes | None], quality: str = DEFAULT_QUALITY) -> VoiceNote:
    """A note from Opus packets that already exist, such as those a call could not deliver.

    None stands for one frame of 60 ms that is missing; it is written as a packet of silence.
    `UsageError` when there is nothing, or more than a note may hold; `BundleRejected` for what is
    not Opus.
    """
    quality_named(quality)
    known = [packet for packet in packets if packet]
    samples = sum(map(ogg.packet_samples, known)) // _UP
    samples += (len(packets) - len(known)) * opus.FRAME_SAMPLES
    if not known or samples > SECONDS_MAX * opus.SAMPLE_RATE_HZ:
        raise UsageError(
            "A note holds between one frame and {minutes} minutes.",
            "Split it into several notes.",
            minutes=SECONDS_MAX // 60,
        )
    # 0x58: one empty frame of 60 ms, wide band (RFC 6716 table 2, configuration 11).
    whole = [packet or b"\x58" for packet in packets]
    lookahead = opus.Encoder().lookahead_samples
    data = _written(whole, samples - lookahead, lookahead, quality)
    return VoiceNote(data, note_info(data).seconds, quality, note_peaks(data))


def note_info(data: bytes) -> NoteInfo:
    """What `data` says of itself, quickly; `BundleRejected` when it is no voice note."""
    stream = ogg.read(data)
    quality = stream.vendor.removeprefix(_VENDOR)
    known = stream.vendor.startswith(_VENDOR) and quality in QUALITIES
    return NoteInfo(stream.seconds, quality if known else "", len(data), stream.complete)


def decode_note(data: bytes) -> bytes:
    """PCM of a note, to its end or to where it was cut; `BundleRejected` when it is no note."""
    stream = ogg.read(data)
    pcm = b"".join(_decoded(stream.packets))
    start = stream.pre_skip // _UP * opus.SAMPLE_BYTES
    return pcm[start : stream.end // _UP * opus.SAMPLE_BYTES]


def _decoded(packets: Sequence[bytes]) -> Iterator[bytes]:
    decoder = opus.Decoder()
    for packet in packets:
        try:
            yield decoder.decode(packet)
        except BundleRejected:
            # One bad packet costs its own 60 ms, not the rest of what was said.
            yield decoder.decode(None, samples=ogg.packet_samples(packet) // _UP)


def note_peaks(data: bytes, count: int = waveform.PEAKS) -> tuple[int, ...]:
    """Loudness along a note, 0..100, for `waveform.draw`; decodes it."""
    return waveform.peaks(decode_note(data), count)
