"""Voice notes from real speech: every kind of file a phone makes, cuts, limits, clear refusals."""

from __future__ import annotations

import array
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.sounds import MANDARIN, MONGOLIAN, likeness, pcm_of_file, sound_file
from xtcli.errors import BundleRejected, NotFound, UsageError
from xtcli.media import ogg, opus, search, voice

KINDS = {
    "wav 48 kHz stereo": ("wav", "pcm_s16le", 48_000, "stereo"),
    "wav 8 kHz telephone": ("wav", "pcm_alaw", 8_000, "mono"),
    "mp3": ("mp3", "libmp3lame", 44_100, "stereo"),
    "m4a": ("mp4", "aac", 44_100, "stereo"),
    "aac": ("adts", "aac", 16_000, "mono"),
    "amr narrow": ("amr", "libopencore_amrnb", 8_000, "mono"),
    "3gp": ("3gp", "libopencore_amrnb", 8_000, "mono"),
    "ogg opus stereo": ("ogg", "libopus", 48_000, "stereo"),
    "webm": ("webm", "libopus", 48_000, "mono"),
    "flac": ("flac", "flac", 16_000, "mono"),
    "aiff": ("aiff", "pcm_s16be", 22_050, "mono"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_becomes_a_note(kind: str, mandarin: bytes, tmp_path: Path) -> None:
    form, codec, rate, layout = KINDS[kind]
    path = tmp_path / "录音"
    path.write_bytes(sound_file(mandarin, form, codec, rate, layout))
    note = voice.make_note(path)
    info = voice.note_info(note.data)
    assert (info.quality, info.complete, info.size) == ("normal", True, len(note.data))
    assert 3.0 < note.seconds <= 3.7
    assert note.seconds == info.seconds
    heard = voice.decode_note(note.data)
    assert len(heard) / 32_000 == pytest.approx(note.seconds)
    assert likeness(mandarin, heard) > 0.75
    assert len(note.peaks) == 60
    assert max(note.peaks) > 40


def test_mongolian_and_every_quality(mongolian: bytes) -> None:
    """Smaller names give smaller notes; all of them are recognisably what was said."""
    notes = {quality: voice.make_note(mongolian, quality) for quality in voice.QUALITIES}
    sizes = [len(note.data) for note in notes.values()]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3
    for quality, note in notes.items():
        assert voice.note_info(note.data).quality == quality
        assert likeness(mongolian, voice.decode_note(note.data)) > 0.75
        rough = voice.estimate_bytes(note.seconds, quality)
        assert 0.7 < len(note.data) / rough < 1.3


def test_thirty_seconds_of_mandarin_fit_the_budget() -> None:
    """23.5 kB for 30 s at normal quality: eleven speakers, the pauses they made themselves."""
    pcm = b"".join(pcm_of_file(path) for path in sorted(MANDARIN.parent.iterdir()))
    note = voice.make_note(pcm[: 30 * 32_000])
    assert note.seconds > 29
    assert len(note.data) <= 23_500


def test_a_quick_speaker_keeps_to_the_bytes_of_the_quality(mongolian: bytes) -> None:
    """An announcer without a pause takes more in one go; coded again, nearly all bytes are used."""
    pcm = 2 * mongolian
    most = voice.bytes_max(len(pcm) / 32_000)
    once, _ = search.encode(pcm, 8_000, price=6.0, bandwidth="narrow")
    assert sum(map(len, once)) > most
    note = voice.encode(pcm)
    assert 0.94 * most < len(note) <= most
    assert likeness(pcm, voice.decode_note(note)) > 0.75


def test_noise_keeps_the_promise_too() -> None:
    """What Opus codes worst, at full loudness, still is a note of the promised size."""
    noise = random.Random(5).randbytes(3 * 32_000)
    for quality in voice.QUALITIES:
        assert len(voice.encode(noise, quality)) <= voice.bytes_max(3, quality)


def test_the_promise_for_half_a_minute() -> None:
    """The bytes that docs/MEDIA.md states for 30 s."""
    assert [voice.bytes_max(30, quality) for quality in voice.QUALITIES] == [19_500, 23_490, 39_000]


def test_same_sound_gives_same_bytes(mandarin: bytes) -> None:
    """Nothing of the machine or the moment is in a note."""
    assert voice.encode(mandarin) == voice.encode(mandarin)


def test_length_is_exact_to_the_sample(mandarin: bytes) -> None:
    for samples in (1, 959, 960, 961, 5000):
        data = voice.encode(mandarin[: samples * 2], "clear")
        assert len(voice.decode_note(data)) == samples * 2


def test_search_beats_one_go_at_the_same_size(mandarin: bytes) -> None:
    """Listening to each frame saves bytes against plain libopus at the same setting."""
    encoder = opus.Encoder(8_000, bandwidth="narrow")
    plain = sum(
        len(encoder.encode(mandarin[i : i + 1920].ljust(1920, b"\0")))
        for i in range(0, len(mandarin), 1920)
    )
    packets, _ = search.encode(mandarin, 8_000, price=5.6, bandwidth="narrow")
    assert sum(map(len, packets)) < plain
    generous, _ = search.encode(mandarin, 8_000, price=0.0, bandwidth="narrow")
    assert sum(map(len, packets)) < sum(map(len, generous))


def test_truncated_note_plays_to_the_cut(mongolian: bytes) -> None:
    """Half a note gives its first half, bit for bit, and says that it is not complete."""
    whole = voice.encode(mongolian)
    sound = voice.decode_note(whole)
    for part in (0.3, 0.5, 0.9):
        cut = whole[: int(len(whole) * part)]
        info, heard = voice.note_info(cut), voice.decode_note(cut)
        assert not info.complete
        assert 0.5 * part < info.seconds / voice.note_info(whole).seconds < 1.2 * part
        assert sound.startswith(heard)


def test_damaged_packet_costs_only_itself(mandarin: bytes) -> None:
    """A packet that libopus refuses is concealed; the length stays."""
    stream = ogg.read(voice.encode(mandarin))
    packets = list(stream.packets)
    # Code 2 with a first length beyond the packet: right duration, undecodable.
    packets[5] = bytes([packets[5][0] & 0xFC | 2, 251, 0])
    data = ogg.write(ogg.OpusStream(tuple(packets), stream.end, stream.pre_skip, stream.vendor))
    assert len(voice.decode_note(data)) == len(voice.decode_note(voice.encode(mandarin)))


def test_own_note_is_not_coded_twice(mandarin: bytes, tmp_path: Path) -> None:
    first = voice.make_note(mandarin, "tiny")
    path = tmp_path / "a.ogg"
    path.write_bytes(first.data)
    assert voice.make_note(path, "normal") == voice.VoiceNote(
        first.data, first.seconds, "tiny", voice.note_peaks(first.data)
    )
    path.write_bytes(voice.make_note(mandarin, "clear").data)
    smaller = voice.make_note(path, "tiny")
    assert smaller.quality == "tiny"
    path.write_bytes(first.data[: len(first.data) // 2])
    assert voice.note_info(voice.make_note(path).data).complete


def test_phone_file_cut_short_still_gives_its_beginning(mongolian: bytes, tmp_path: Path) -> None:
    path = tmp_path / "half.mp3"
    whole = sound_file(mongolian, "mp3", "libmp3lame", 44_100)
    path.write_bytes(whole[: len(whole) // 2])
    assert 2.0 < voice.make_note(path).seconds < 4.0


BAD_FILES = {
    "empty": b"",
    "text": "患者男，56岁，胸痛2小时".encode() * 50,
    "noise": bytes(i * 7919 % 256 for i in range(5000)),
    "playlist": b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n",
    "concat script": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_no_sound_is_one_clear_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(BAD_FILES[kind])
    with pytest.raises(UsageError) as caught:
        voice.make_note(path)
    assert str(caught.value) == "a.wav holds no sound that can be read."
    assert caught.value.advice


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file none"):
        voice.make_note(tmp_path / "none.wav")
    with pytest.raises(UsageError):
        voice.make_note(tmp_path)


def test_silence_is_refused(tmp_path: Path) -> None:
    """A dead microphone must be noticed at the post, not at the desk."""
    with pytest.raises(UsageError, match="Nothing can be heard"):
        voice.make_note(bytes(32_000 * 3))
    hum = array.array("h", [(i % 3) - 1 for i in range(48_000)]).tobytes()
    with pytest.raises(UsageError, match="Nothing can be heard"):
        voice.make_note(hum)


def test_too_long_is_refused(mandarin: bytes, tmp_path: Path) -> None:
    """Nothing is cut off silently."""
    with pytest.raises(UsageError) as caught:
        voice.make_note(mandarin * 90)
    assert "longer than 5 minutes" in str(caught.value)
    path = tmp_path / "long.wav"
    path.write_bytes(sound_file(mandarin * 110, "wav", "pcm_s16le"))
    with pytest.raises(UsageError, match="longer than"):
        voice.make_note(path)


def test_unknown_quality_is_refused(mandarin: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        voice.make_note(mandarin, "loud")
    assert caught.value.advice == "Choose one of tiny, normal, clear."


@pytest.mark.parametrize("data", [b"", b"OggS", b"RIFF" + bytes(100), os.urandom(2000)])
def test_garbage_is_no_note(data: bytes) -> None:
    for read in (voice.note_info, voice.decode_note, voice.note_peaks):
        with pytest.raises(BundleRejected, match="not a voice note"):
            read(data)


def test_note_from_what_a_call_could_not_deliver(mandarin: bytes) -> None:
    """Packets of a call become a note; a hole in them stays a hole of the same length."""
    encoder = opus.Encoder(8_000)
    packets: list[bytes | None] = [
        encoder.encode(mandarin[i : i + 1920]) for i in range(0, 48 * 1920, 1920)
    ]
    whole = voice.note_from_packets(packets)
    assert whole.seconds == pytest.approx(48 * 0.06, abs=0.01)
    assert likeness(mandarin, voice.decode_note(whole.data)) > 0.75
    packets[10:20] = [None] * 10
    holed = voice.note_from_packets(packets)
    assert holed.seconds == whole.seconds
    with pytest.raises(UsageError):
        voice.note_from_packets([None, None])
    with pytest.raises(UsageError):
        voice.note_from_packets([b"\x58"] * 5100)
    with pytest.raises(BundleRejected):
        voice.note_from_packets([b"\x5b"])


def test_note_info_needs_no_heavy_library() -> None:
    """Showing a note in a list costs no codec and no numpy."""
    code = (
        "import sys; from xtcli.media import voice\n"
        "print([m for m in ('av', 'numpy', 'opuslib', 'sounddevice') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_original_clips_are_what_credits_say() -> None:
    """The speech used here is real and small."""
    credit = (MONGOLIAN.parents[1] / "CREDITS.md").read_text(encoding="utf-8")
    clips = [*MONGOLIAN.parents[1].rglob("*.wav"), *MONGOLIAN.parents[1].rglob("*.flac")]
    assert len(clips) == 12
    assert all(clip.name in credit for clip in clips)
    assert sum(clip.stat().st_size for clip in clips) < 1_200_000
