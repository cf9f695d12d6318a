"""What a call leaves: on the disk while it runs, in the case when it is over, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.call.speech import frames_of, speech
from tests.calls.realm import Realm, file_request
from tests.calls.test_call import calls_in, notes_in
from xtcli.media.call.events import Summary
from xtcli.media.opus import Encoder
from xtcli.records.ids import RecordId
from xtcli.station import calls_keep
from xtcli.station.calls_keep import SCRAP_FRAMES, Kept
from xtcli.station.station import Station


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Station]:
    realm = Realm(tmp_path)
    realm.join("诊台", "desk", "心内科")
    yield realm.join("卫生室")
    realm.close()


def packets(count: int) -> tuple[bytes, ...]:
    encoder = Encoder(8_000)
    return tuple(encoder.encode(frame) for frame in frames_of(speech())[:count])


def kept(case: RecordId, *lengths: int, **more: object) -> Kept:
    passages = tuple((float(i), packets(n)) for i, n in enumerate(lengths))
    return Kept("ab12", case, 2, 1_790_000_000, 42, 4, passages=passages, **more)  # type: ignore[arg-type]


def test_a_call_file_says_what_it_was_told(post: Station) -> None:
    made = kept(file_request(post), 20, 30, consent=True)
    calls_keep.save(post.home, made)
    path = calls_keep.path_of(post.home, made.key)
    assert Kept.decode(path.read_bytes()) == made
    assert path.stat().st_mode & 0o077 == 0


@settings(derandomize=True)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_call(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a call"):
        Kept.decode(data)


def test_finishing_twice_writes_once(post: Station) -> None:
    """As after a crash between the commit and the removal of the file."""
    case = file_request(post)
    made = kept(case, 40, 50)
    first = calls_keep.finish(post, made)
    again = calls_keep.finish(post, made)
    assert first.record == again.record
    assert first.notes == 1
    assert [c.seconds for c in calls_in(post, case)] == [42]
    assert [n.of for n in notes_in(post, case)] == [first.record]
    assert notes_in(post, case)[0].seconds == pytest.approx((40 + 50 + 5) * 0.06, abs=1)


def test_scraps_that_were_concealed_make_no_note(post: Station) -> None:
    case = file_request(post)
    assert calls_keep.finish(post, kept(case, SCRAP_FRAMES, 3)).notes == 0
    assert len(calls_in(post, case)) == 1


def test_a_recording_without_consent_never_gets_into_the_case(post: Station) -> None:
    """Whatever lies on the disk: no consent, no recording; the file is removed."""
    case = file_request(post)
    made = kept(case, kept=True, consent=False)
    calls_keep.append_sound(post.home, made.key, speech())
    left = calls_keep.finish(post, made)
    assert left.recordings == 0
    assert not calls_in(post, case)[0].kept
    assert not list((post.home.root / calls_keep.FOLDER).iterdir())


def test_a_recording_with_consent_does(post: Station) -> None:
    case = file_request(post)
    made = kept(case, kept=True, consent=True)
    calls_keep.append_sound(post.home, made.key, calls_keep.mix(speech(), bytes(len(speech()))))
    assert calls_keep.finish(post, made).recordings == 1
    assert calls_in(post, case)[0].kept
    assert notes_in(post, case)[0].seconds >= 10


def test_recovery_leaves_a_running_call_alone(post: Station) -> None:
    case = file_request(post)
    calls_keep.save(post.home, kept(case, 40))
    (post.home.root / calls_keep.FOLDER / "broken.call").write_bytes(b"half")
    lock = calls_keep.call_lock(post.home)
    assert lock.take()
    assert calls_keep.recover(post) == 0
    lock.free()
    assert calls_keep.recover(post) == 1
    assert calls_keep.recover(post) == 0
    assert len(calls_in(post, case)) == 1


def test_quality_falls_with_what_was_heard() -> None:
    def mark(heard: float, rung: int) -> int:
        summary = Summary(60, 30, heard, 30, 0, 0, 0, 0.7, ((0.0, rung),), 1, "hung up")
        return calls_keep.quality_of(summary)

    assert [mark(30, 1), mark(29, 4), mark(27, 7), mark(20, 4), mark(5, 9)] == [5, 4, 3, 2, 1]
