"""The Opus wrapper: where the library comes from, round trips, silence, concealment, garbage."""

from __future__ import annotations

import array
import math
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.media import opus


def tone(samples: int, *, hertz: float = 220.0, level: int = 8000, start: int = 0) -> bytes:
    """A sine as PCM."""
    step = 2 * math.pi * hertz / opus.SAMPLE_RATE_HZ
    return array.array(
        "h", [int(level * math.sin(step * (start + i))) for i in range(samples)]
    ).tobytes()


def power(pcm: bytes) -> float:
    """Mean square of PCM."""
    samples = array.array("h", pcm)
    return sum(s * s for s in samples) / max(1, len(samples))


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_library_comes_from_pyav_without_importing_it() -> None:
    """No system package is needed, and the slow PyAV import is not paid."""
    done = run_python(
        "import sys; from xtcli.media import opus\n"
        "print(opus.library_path()); print(opus.library_version())\n"
        "print([m for m in ('av', 'numpy') if m in sys.modules])",
        XT_OPUS_LIB="",
    )
    path, version, loaded = done.stdout.splitlines()
    assert "av.libs" in path or ".dylibs" in path
    assert version.startswith("libopus")
    assert loaded == "[]"


def test_named_library_is_used_or_one_clear_sentence() -> None:
    """XT_OPUS_LIB wins, and a wrong one is explained, not crashed on."""
    path = opus.library_path()
    assert path is not None
    code = "from xtcli.media import opus; print(opus.library_path(), opus.library_version())"
    assert path in run_python(code, XT_OPUS_LIB=path).stdout
    failed = run_python(code, XT_OPUS_LIB="/nowhere/libopus.so")
    assert "DeviceMissing: The Opus library /nowhere/libopus.so cannot be loaded." in failed.stderr


@pytest.mark.parametrize("frame_ms", opus.FRAME_MS_ALLOWED)
def test_round_trip_at_every_frame_length(frame_ms: int) -> None:
    encoder, decoder = opus.Encoder(16_000, frame_ms=frame_ms), opus.Decoder()
    heard = b""
    count = encoder.frame_samples
    for index in range(10):
        packet = encoder.encode(tone(count, start=index * count))
        assert opus.packet_samples(packet) == count
        heard += decoder.decode(packet)
    assert len(heard) == 10 * count * opus.SAMPLE_BYTES
    second_half = heard[len(heard) // 2 :]
    assert 0.5 < power(second_half) / power(tone(8000)) < 2.0


@pytest.mark.parametrize("frame_ms", [0, 5, 30, 120])
def test_other_frame_lengths_are_refused(frame_ms: int) -> None:
    """Above all 120 ms, which libopus codes badly."""
    with pytest.raises(ValueError, match="frame_ms"):
        opus.Encoder(frame_ms=frame_ms)


def test_silence_costs_almost_nothing_with_dtx() -> None:
    encoder = opus.Encoder(8_000, dtx=True)
    packets = [encoder.encode(bytes(1920)) for _ in range(50)]
    assert encoder.in_dtx == opus.is_silence(packets[-1])
    assert sum(map(opus.is_silence, packets)) >= 40
    without = opus.Encoder(8_000, dtx=False)
    assert not any(opus.is_silence(without.encode(bytes(1920))) for _ in range(50))


def test_bitrate_follows_its_setting() -> None:
    """A higher setting gives more bytes, and it can change in mid-stream."""
    encoder = opus.Encoder(6_000)
    low = sum(len(encoder.encode(tone(960, start=i * 960))) for i in range(20))
    encoder.set_bitrate(24_000)
    high = sum(len(encoder.encode(tone(960, start=i * 960))) for i in range(20))
    assert encoder.bitrate == 24_000
    assert high > 2 * low
    with pytest.raises(ValueError, match="bitrate"):
        encoder.set_bitrate(100)


def test_narrow_bandwidth_reaches_the_packet() -> None:
    """The configuration number in the first byte says narrow band (RFC 6716 table 2)."""
    packet = opus.Encoder(8_000, bandwidth="narrow").encode(tone(960))
    assert packet[0] >> 3 in range(0, 4)
    assert opus.Encoder(16_000, bandwidth="wide").encode(tone(960))[0] >> 3 in range(8, 12)


def test_missing_packets_are_concealed_then_fade() -> None:
    encoder, decoder = opus.Encoder(16_000), opus.Decoder()
    for index in range(10):
        heard = decoder.decode(encoder.encode(tone(960, start=index * 960)))
    gaps = [decoder.decode(None) for _ in range(20)]
    assert all(len(gap) == 1920 for gap in gaps)
    assert power(gaps[0]) > 0.1 * power(heard)
    assert power(gaps[-1]) < 0.01 * power(heard)
    assert len(decoder.decode(None, samples=320)) == 640


def test_in_band_copy_of_the_packet_before() -> None:
    """At 24 kbit/s the packet after a lost one carries a copy that beats guessing."""
    encoder = opus.Encoder(24_000, frame_ms=20, fec=True, loss_percent=20, dtx=False)
    packets = [encoder.encode(tone(320, hertz=200 + 40 * i, start=i * 320)) for i in range(30)]
    decoder = opus.Decoder()
    for packet in packets[:20]:
        decoder.decode(packet)
    assert power(decoder.decode(packets[21], fec=True, samples=320)) > 0


def test_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1920"):
        opus.Encoder().encode(bytes(1918))


@pytest.mark.parametrize("packet", [b"", b"\xff" * 3, b"\x03\xff\xff", b"\x03\x00"])
def test_garbage_is_rejected_and_decoder_survives(packet: bytes) -> None:
    decoder = opus.Decoder()
    with pytest.raises(BundleRejected):
        decoder.decode(packet)
    assert len(decoder.decode(opus.Encoder().encode(tone(960)))) == 1920


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(min_size=0, max_size=200))
def test_any_bytes_decode_or_are_rejected(packet: bytes) -> None:
    """Nothing from outside crashes the C library or gives more than 120 ms."""
    try:
        pcm = opus.Decoder().decode(packet)
    except BundleRejected:
        return
    assert 0 < len(pcm) <= opus.PACKET_SAMPLES_MAX * opus.SAMPLE_BYTES
    assert len(pcm) == opus.packet_samples(packet) * opus.SAMPLE_BYTES


def test_settings_survive_a_reset() -> None:
    encoder = opus.Encoder(8_000)
    first = [encoder.encode(tone(960, start=i * 960)) for i in range(3)]
    encoder.reset()
    assert [encoder.encode(tone(960, start=i * 960)) for i in range(3)] == first
    assert encoder.lookahead_samples == 104
