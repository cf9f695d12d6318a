"""The Ogg writer and reader: RFC 7845 as docs/format/voice.md fixes it, cuts, damage, garbage."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.media import ogg, opus

FORMAT = Path(__file__).parents[2] / "docs" / "format" / "voice.md"
SILENT = b"\x58"
FRAME_48K = 2880


def stream(packets: list[bytes], *, trimmed: int = 0, vendor: str = "xt normal") -> ogg.OpusStream:
    total = sum(map(ogg.packet_samples, packets))
    return ogg.OpusStream(tuple(packets), max(312, total - trimmed), 312, vendor)


def frames(count: int, size: int = 60) -> list[bytes]:
    """Packets of one 60 ms frame each, all different."""
    return [SILENT + bytes((i + j) % 251 for j in range(size + i % 7)) for i in range(count)]


def page_starts(data: bytes) -> list[int]:
    return [match.start() for match in re.finditer(b"OggS", data)]


def repaired(data: bytes, start: int, end: int) -> bytes:
    """`data` with the checksum of the page at `start` made right again."""
    page = bytearray(data[start:end])
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", ogg.checksum(bytes(page)))
    return data[:start] + bytes(page) + data[end:]


packets_strategy = st.lists(
    st.binary(min_size=0, max_size=600).map(lambda tail: SILENT + tail), min_size=1, max_size=40
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(packets_strategy, st.integers(0, FRAME_48K - 1), st.sampled_from(["", "xt tiny", "蒙古"]))
def test_round_trip(packets: list[bytes], trimmed: int, vendor: str) -> None:
    before = stream(packets, trimmed=trimmed, vendor=vendor)
    data = ogg.write(before)
    assert ogg.read(data) == before
    assert ogg.write(before) == data


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleRejected):
        ogg.read(data)


DAMAGED = (frames(300), ogg.write(stream(frames(300))))


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.data())
def test_any_damage_gives_a_prefix_or_a_refusal(data: st.DataObject) -> None:
    """Whatever bytes are overwritten, what is read is a beginning of what was written."""
    packets, whole = DAMAGED
    at = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=20))
    broken = whole[:at] + patch + whole[at + len(patch) :]
    try:
        found = ogg.read(broken)
    except BundleRejected:
        return
    assert found.packets == tuple(packets[: len(found.packets)])


def test_cut_anywhere_plays_to_the_cut() -> None:
    """Every length from the headers on gives exactly the packets that are whole."""
    packets = frames(260, size=10)
    whole = ogg.write(stream(packets))
    starts = page_starts(whole)
    for cut in range(starts[2] + 283, len(whole), 7):
        try:
            found = ogg.read(whole[:cut])
        except BundleRejected:
            assert cut < starts[2] + 27 + 255 + 1 + 10
            continue
        assert not found.complete
        assert found.packets == tuple(packets[: len(found.packets)])
        assert found.seconds == pytest.approx(len(found.packets) * 0.06 - 312 / 48_000)


def test_cut_at_every_page() -> None:
    packets = frames(800)
    whole = ogg.write(stream(packets))
    starts = page_starts(whole)
    assert len(starts) == 6
    for start in starts[:3]:
        with pytest.raises(BundleRejected):
            ogg.read(whole[:start])
    for index, start in enumerate(starts[3:], 1):
        found = ogg.read(whole[:start])
        assert len(found.packets) == 255 * index
        assert not found.complete
    assert ogg.read(whole).complete


def test_pages_are_full_and_packets_never_split() -> None:
    """255 segments a page, so that framing stays under 3 % of a note."""
    packets = frames(600)
    data = ogg.write(stream(packets))
    counts = [data[start + 26] for start in page_starts(data)]
    assert counts == [1, 1, 255, 255, 90]
    assert len(data) - sum(map(len, packets)) == 100 + 600 + 3 * 27
    long = [SILENT + bytes(1200)] * 60
    assert ogg.read(ogg.write(stream(long))).packets == tuple(long)


def test_worked_example_of_the_format_page() -> None:
    """The bytes printed in docs/format/voice.md are what the writer gives."""
    block = FORMAT.read_text(encoding="utf-8").split("## Worked example")[1].split("```")[1]
    hexed = "".join(re.split(r"\s{2,}", line)[0] for line in block.strip().splitlines())
    expected = bytes.fromhex(hexed.replace(" ", ""))
    written = ogg.write(ogg.OpusStream((SILENT,), 312 + 640 * 3, 312, "xt normal"))
    assert written == expected
    assert len(written) == 129


HEAD_FAULTS = {
    "two channels": (37, 2),
    "version 16": (36, 16),
    "gain": (44, 1),
    "mapping family": (46, 1),
    "another codec": (28, 0x58),
}


@pytest.mark.parametrize("fault", HEAD_FAULTS)
def test_foreign_headers_are_refused(fault: str) -> None:
    data = bytearray(ogg.write(stream(frames(3))))
    at, value = HEAD_FAULTS[fault]
    data[at] = value
    with pytest.raises(BundleRejected):
        ogg.read(repaired(bytes(data), 0, page_starts(bytes(data))[1]))


def test_later_minor_versions_are_read() -> None:
    data = bytearray(ogg.write(stream(frames(3))))
    data[36] = 15
    assert ogg.read(repaired(bytes(data), 0, 47)).packets == tuple(frames(3))


def test_missing_tags_page_is_refused() -> None:
    data = ogg.write(stream(frames(3)))
    first, second, third = page_starts(data)
    with pytest.raises(BundleRejected):
        ogg.read(data[first:second] + data[third:])


def test_lost_page_ends_the_note() -> None:
    """A hole is not bridged: what follows would be played at the wrong time."""
    data = ogg.write(stream(frames(800)))
    starts = page_starts(data)
    found = ogg.read(data[: starts[3]] + data[starts[4] :])
    assert len(found.packets) == 255
    assert not found.complete


def test_bytes_after_the_end_are_ignored() -> None:
    data = ogg.write(stream(frames(5)))
    assert ogg.read(data + b"trailing").complete


@pytest.mark.parametrize("packet", [b"", b"\x5b", b"\x5b\x00", b"\x5b\x03x", bytes(1276)])
def test_impossible_packets_are_refused(packet: bytes) -> None:
    """Code 3 without a count, no frames, 180 ms, and over the size limit."""
    with pytest.raises(BundleRejected):
        ogg.packet_samples(packet)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_packet_length_agrees_with_libopus(packet: bytes) -> None:
    try:
        expected = opus.packet_samples(packet) * 3
    except BundleRejected:
        with pytest.raises(BundleRejected):
            ogg.packet_samples(packet)
        return
    assert ogg.packet_samples(packet) == expected


def test_hours_of_silence_in_a_small_file_are_refused() -> None:
    """Length is counted, not believed: 1 MB of one-byte packets would be 16 hours of PCM."""
    within = int(300 / 0.06)
    assert ogg.read(ogg.write(stream([SILENT] * within))).seconds == pytest.approx(300, abs=0.1)
    with pytest.raises(BundleRejected):
        ogg.read(ogg.write(stream([SILENT] * (within + 40))))


def test_oversized_file_is_refused() -> None:
    with pytest.raises(BundleRejected):
        ogg.read(ogg.write(stream(frames(3))) + bytes(ogg.FILE_BYTES_MAX))


def test_lying_granule_positions_change_nothing() -> None:
    """An end before the start or after the sound is pulled back to what there is."""
    data = ogg.write(stream(frames(5)))
    start = page_starts(data)[2]
    for granule in (0, 1 << 60, -5):
        forged = bytearray(data)
        struct.pack_into("<q", forged, start + 6, granule)
        found = ogg.read(repaired(bytes(forged), start, len(data)))
        assert 0 <= found.seconds <= 0.3
        assert len(found.packets) == 5


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=9))
def test_paired_frames_decode_the_same(sizes: list[int]) -> None:
    """Two frames to a packet give bit for bit the sound of one to a packet."""
    encoder = opus.Encoder(16_000)
    packets = [
        encoder.encode(bytes((i * size * 31 + i * i) % 256 for i in range(1920))) for size in sizes
    ]
    paired = ogg.pair(packets)
    assert sum(map(ogg.packet_samples, paired)) == len(packets) * FRAME_48K
    assert sum(map(len, paired)) + len(paired) <= sum(map(len, packets)) + len(packets)
    alone, together = opus.Decoder(), opus.Decoder()
    assert b"".join(map(alone.decode, packets)) == b"".join(map(together.decode, paired))


def test_long_frames_pair_with_a_two_byte_length() -> None:
    first, second = SILENT + bytes(range(256)) + bytes(50), SILENT + b"x" * 20
    (packet,) = ogg.pair([first, second])
    assert packet[0] & 3 == 2
    low, high = packet[1], packet[2]
    assert low + 4 * high == 306
    assert ogg.pair([SILENT + bytes(700), SILENT + bytes(700)]) == [SILENT + bytes(700)] * 2
    assert ogg.pair([SILENT, b"\x18"]) == [SILENT, b"\x18"]


def test_ffmpeg_plays_it_to_the_sample() -> None:
    """The decoder of browsers and players sees the true length, and no complaint."""
    import av

    encoder = opus.Encoder(8_000)
    packets = [encoder.encode(bytes(i % 200 for i in range(1920))) for _ in range(20)]
    data = ogg.write(stream(ogg.pair(packets), trimmed=1000))
    with av.open(io.BytesIO(data)) as container:
        sound: Any = container.streams.audio[0]
        assert (sound.codec_context.name, sound.codec_context.channels) == ("opus", 1)
        decoded = sum(frame.samples for frame in container.decode(sound))
    assert decoded in (20 * FRAME_48K - 1000 - 312, 20 * FRAME_48K - 1000)
