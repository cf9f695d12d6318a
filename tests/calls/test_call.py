"""Whole calls between two real stations through a real hub: sound files in, sound files out."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.calls.realm import DEPT, Realm, file_request, sync, until
from xtcli.errors import LinkDown, NotAllowed, NotFound, UsageError, XtError
from xtcli.media.call.events import CallEvent, ContactBack
from xtcli.records.ids import RecordId
from xtcli.records.types import Attach, Call, Kind
from xtcli.records.values import BlobKind
from xtcli.station import calls_keep
from xtcli.station.calls import decline_call, run_call
from xtcli.station.calls_values import CallOptions, CallReport, CallView, Hooks, StillView
from xtcli.station.station import Station
from xtcli.transport.emulator.profiles import profile

pytestmark = pytest.mark.realtime

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "zh"
POST_SAYS = SPEECH / "rapidasr_0478_00017.wav"
DESK_SAYS = SPEECH / "SSB01450004.wav"
RATE_HZ = 16_000
Samples = NDArray[np.float64]


class Caller:
    """`xt call` in a thread."""

    def __init__(self, station: Station, case: RecordId, **options: object) -> None:
        self.report: CallReport | None = None
        self.error: XtError | None = None
        self.said: list[str] = []
        self.events: list[CallEvent] = []
        self.views: list[CallView] = []
        self.stills: list[StillView] = []
        self.pressed: bool | None = None
        self.muted = False
        self._end = threading.Event()
        hooks = Hooks(
            show=self._show, agree=lambda question: True, stop=self._end.is_set,
            pressed=lambda: self.pressed, muted=lambda: self.muted, view=self.views.append,
            still=self.stills.append,
        )  # fmt: skip
        chosen = CallOptions(case, **options)  # type: ignore[arg-type]
        self._thread = threading.Thread(
            target=self._run, args=(station, chosen, hooks), daemon=True
        )
        self._thread.start()

    def _run(self, station: Station, options: CallOptions, hooks: Hooks) -> None:
        # A station's database belongs to the thread that opened it.
        own = Station(station.home, clock=station.clock, entropy=station.entropy)
        try:
            self.report = run_call(own, options, hooks)
        except XtError as error:
            self.error = error
        finally:
            own.close()

    def _show(self, text: str, event: CallEvent | None) -> None:
        self.said.append(text)
        if event is not None:
            self.events.append(event)

    def hang_up(self) -> None:
        self._end.set()

    def wait(self, seconds: float = 60.0) -> CallReport:
        self._thread.join(seconds)
        assert self.error is None, self.error
        assert self.report is not None
        return self.report

    def fails(self, seconds: float = 60.0) -> XtError:
        self._thread.join(seconds)
        assert self.error is not None
        return self.error


def pcm(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def likeness(said: Path, heard: Path, seconds: float = 0.2) -> float:
    """The median, over loud pieces that were said, of their best correlation with what was heard.

    Pieces are short because a playout clock makes pauses and vowels a little longer or shorter.
    """
    whole, sound = pcm(said), pcm(heard)
    size = int(seconds * RATE_HZ)
    width = 1 << (sound.size + size).bit_length()
    spectrum = np.fft.rfft(sound, width)
    sums = np.concatenate(([0.0], np.cumsum(np.square(sound))))
    loud = np.sqrt(np.mean(np.square(whole)))
    scores = []
    for start in range(0, whole.size - size, size):
        piece = whole[start : start + size]
        if np.sqrt(np.mean(np.square(piece))) < loud:
            continue
        dots = np.fft.irfft(np.conj(np.fft.rfft(piece, width)) * spectrum, width)
        dots = dots[: sound.size - size]
        there = np.sqrt(np.maximum(sums[size : size + dots.size] - sums[: dots.size], 1e4))
        scores.append(float(np.max(dots / there)) / float(np.linalg.norm(piece)))
    return float(np.median(scores))


def calls_in(station: Station, case: RecordId) -> list[Call]:
    return [e.record.body for e in station.case(case).entries if isinstance(e.record.body, Call)]


def notes_in(station: Station, case: RecordId) -> list[Attach]:
    return [a.body for a in station.case(case).attachments if a.body.blob is BlobKind.VOICE]


class World:
    """A realm with one case that a desk has opened. The post watches when `link` is given."""

    def __init__(self, root: Path, link: str = "") -> None:
        self.root = root
        self.realm = Realm(root, link)
        self.desk = self.realm.join("诊台", "desk", DEPT)
        self.post = self.realm.join("卫生室")
        self.watcher = self.realm.watch("卫生室") if link else None
        self.case = file_request(self.post)
        self._move(self.post, self.case, self.desk)
        opened = self.desk.open_case(self.case).record
        self._move(self.desk, opened, self.post)

    def _move(self, author: Station, record: RecordId, to: Station) -> None:
        """A record from one station to the other, over the hub."""

        def there() -> bool:
            sync(*(s for s in (author, to) if s is self.desk or self.watcher is None))
            return to.log.get(record) is not None

        assert until(there, 60.0)

    def call(self, station: Station, says: Path, **options: object) -> Caller:
        out = self.root / f"{station.settings.name}.wav"
        return Caller(station, self.case, file=says, out=out, **options)

    def heard(self, station: Station) -> Path:
        return self.root / f"{station.settings.name}.wav"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.realm.close()


def test_a_call_through_a_watcher_is_heard_and_recorded(world: World) -> None:
    """The desk watches; the post rings; both hear each other; both write it down."""
    watcher = world.realm.watch("诊台")
    caller = world.call(world.post, POST_SAYS)
    assert until(watcher.rings)
    called = world.call(world.desk, DESK_SAYS, accept=True)
    made, taken = caller.wait(), called.wait()
    assert made.answered
    assert taken.answered
    assert likeness(POST_SAYS, world.heard(world.desk)) > 0.8
    assert likeness(DESK_SAYS, world.heard(world.post)) > 0.8
    sync(world.post)
    assert until(lambda: len(calls_in(world.desk, world.case)) == 2)
    for station, other in ((world.post, world.desk), (world.desk, world.post)):
        for found in calls_in(station, world.case):
            assert found.seconds >= 5
            assert not found.kept
            assert found.other in (station.number, other.number)
    _looks_right(caller.views, world.desk)
    _looks_right(called.views, world.post)
    assert not list((world.post.home.root / calls_keep.FOLDER).iterdir())


def _looks_right(views: list[CallView], other: Station) -> None:
    """A screen is told ten times a second: who, how long, how loud, on which rung."""
    phases = [view.phase for view in views]
    order = ["waiting", "calling", "ringing", "talking", "leaving", "over"]
    assert [order.index(p) for p in phases] == sorted(order.index(p) for p in phases)
    talking = [view for view in views if view.phase == "talking"]
    assert len(talking) >= 5 * talking[-1].seconds
    assert {view.name for view in talking} == {other.settings.name}
    assert [v.seconds for v in talking] == sorted(v.seconds for v in talking)
    assert max(view.microphone for view in talking) > 0.01
    assert max(view.speaker for view in talking) > 0.01
    assert min(view.microphone for view in talking) < 0.005
    assert talking[-1].rung is not None
    assert talking[-1].rung.live
    assert talking[-1].rate_bps >= 6_000
    assert talking[-1].rtt_s is not None
    assert all(view.contact for view in talking)


def test_a_desk_calls_a_post_and_the_call_is_kept_as_agreed(world: World) -> None:
    """The desk offers, the post agrees: the post's recording with both voices is in the case."""
    watcher = world.realm.watch("卫生室")
    caller = world.call(world.desk, DESK_SAYS, keep=True, seconds=6.0)
    assert until(watcher.rings)
    called = world.call(world.post, POST_SAYS, accept=True)
    made, taken = caller.wait(), called.wait()
    assert made.consent
    assert taken.recordings == 1
    sync(world.desk)
    found = [a for a in notes_in(world.post, world.case) if a.of == taken.record]
    assert 4 <= found[0].seconds <= 8
    assert [(c.kept, c.consent) for c in calls_in(world.post, world.case) if c.other == 2]


def test_declined_busy_and_unreachable_are_different(world: World) -> None:
    """Three ways of not talking, each with its own sentence."""
    world.realm.restart_hub()
    nobody = world.call(world.post, POST_SAYS)
    assert isinstance(nobody.fails(), LinkDown)
    watcher = world.realm.watch("诊台")
    caller = world.call(world.post, POST_SAYS)
    assert until(watcher.rings)
    assert decline_call(world.desk)
    assert caller.wait().reason == "declined"
    assert not decline_call(world.desk)
    second = file_request(world.post, patient="巴图", phone="13900000000", sex="m")
    sync(world.post)
    assert until(lambda: world.desk.log.get(second) is not None)
    assert calls_in(world.post, world.case) == []


def test_a_second_call_at_a_station_is_refused(world: World) -> None:
    watcher = world.realm.watch("诊台")
    first = world.call(world.post, POST_SAYS)
    assert until(watcher.rings)
    again = world.call(world.post, POST_SAYS)
    assert isinstance(again.fails(), UsageError)
    first.hang_up()
    assert first.wait().reason == "cancelled"
    assert until(lambda: any(one.kind == "call_missed" for one in watcher.heard))


def test_nobody_calls_without_a_ring_or_from_a_hub(world: World) -> None:
    world.realm.watch("诊台")
    called = Caller(world.desk, RecordId(9, 9), accept=True, file=DESK_SAYS)
    assert isinstance(called.fails(), NotFound)
    from xtcli.station import calls_who
    from xtcli.station.home import Home

    hub = Station(Home(world.root / "hub"), clock=world.desk.clock, entropy=world.desk.entropy)
    with pytest.raises(NotAllowed):
        calls_who.must_call(hub, world.case)
    hub.close()


def test_a_post_whose_case_nobody_has_opened_is_called_back(tmp_path: Path) -> None:
    """It asks the department; the first desk that calls gets through."""
    realm = Realm(tmp_path)
    try:
        realm.join("诊台", "desk", DEPT)
        desk, post = realm.station("诊台"), realm.join("卫生室")
        case = file_request(post)
        sync(post, desk)
        watcher = realm.watch("诊台")
        caller = Caller(post, case, file=POST_SAYS, out=tmp_path / "post.wav", seconds=5.0)
        assert until(lambda: any(one.kind == "call_wanted" for one in watcher.heard))
        called = Caller(desk, case, file=DESK_SAYS, out=tmp_path / "desk.wav")
        assert caller.wait().answered
        assert called.wait().answered
        assert likeness(DESK_SAYS, tmp_path / "post.wav") > 0.8
    finally:
        realm.close()


def test_a_call_goes_on_when_the_holder_of_the_link_dies(world: World) -> None:
    """The watcher ends in mid-call: the call takes the link over and the sound comes back."""
    watcher = world.realm.watch("诊台")
    caller = world.call(world.post, POST_SAYS)
    assert until(watcher.rings)
    called = world.call(world.desk, DESK_SAYS, accept=True, seconds=30.0)
    assert until(lambda: len(called.said) > 0)
    time.sleep(2.0)
    world.realm.watchers.remove(watcher)
    watcher.stop()
    made, taken = caller.wait(), called.wait()
    assert made.answered
    assert taken.reason == "peer hung up"
    assert likeness(POST_SAYS, world.heard(world.desk)) > 0.7


def test_a_call_goes_on_when_the_hub_is_restarted(world: World) -> None:
    """The hub forgets who talks with whom and where they are; the stations tell it again."""
    watcher = world.realm.watch("诊台")
    caller = world.call(world.post, POST_SAYS, seconds=12.0)
    assert until(watcher.rings)
    called = world.call(world.desk, DESK_SAYS, accept=True, seconds=30.0)
    assert until(lambda: len(called.said) > 0)
    time.sleep(1.0)
    world.realm.restart_hub()
    made, taken = caller.wait(), called.wait()
    assert taken.reason == "peer hung up"
    assert any(isinstance(event, ContactBack) for event in called.events + caller.events)
    assert made.summary is not None
    spoken = made.summary.spoken_s
    assert made.summary.heard_s + made.note_seconds >= spoken - 1.0


KILLED = """
import sys
from pathlib import Path
from xtcli.records.ids import RecordId
from xtcli.station import open_station
from xtcli.station.calls import run_call
from xtcli.station.calls_values import CallOptions
case, says, out = sys.argv[1:]
run_call(open_station(), CallOptions(RecordId.parse(case), file=Path(says), out=Path(out)))
"""


def test_what_was_said_survives_kill_9(world: World) -> None:
    """The link is cut, the doctor goes on speaking, the process is killed: nothing is lost."""
    watcher = world.realm.watch("诊台")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(world.case), str(POST_SAYS), str(world.root / "x.wav")],
        env={**os.environ, "XT_HOME": str(world.post.home.root)},
    )
    assert until(watcher.rings)
    called = world.call(world.desk, DESK_SAYS, accept=True, seconds=60.0)
    assert until(lambda: len(called.said) > 0)
    time.sleep(1.5)
    world.realm.processes[0].kill()
    time.sleep(5.0)
    process.kill()
    process.wait()
    called.hang_up()
    called.wait()
    before = calls_in(world.post, world.case)
    assert calls_keep.recover(world.post) == 1
    assert len(calls_in(world.post, world.case)) == len(before) + 1
    assert sum(note.seconds for note in notes_in(world.post, world.case)) >= 3
    assert calls_keep.recover(world.post) == 0


def test_a_call_on_gprs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From accept to sound within two round trips, with at most 600 bytes of signalling."""
    world = World(tmp_path, "gprs")
    try:
        assert world.watcher is not None
        caller = world.call(world.desk, DESK_SAYS)
        assert until(world.watcher.rings)
        called = world.call(world.post, DESK_SAYS, accept=True)
        made, taken = caller.wait(), called.wait()
        assert taken.ring_to_audio is not None
        assert taken.summary is not None
        road = profile("gprs")
        rtt = 2 * (road.delay_s + road.jitter_s)
        with capsys.disabled():
            print(
                f"\ngprs: accept to first audio {taken.ring_to_audio:.2f} s = "
                f"{taken.ring_to_audio / (2 * road.delay_s):.2f} round trips of the post's link;"
                f" signalling {made.signalling_bytes} B by the caller, {taken.signalling_bytes} B"
                f" by the called"
            )
        assert taken.ring_to_audio <= 2 * rtt
        assert likeness(DESK_SAYS, world.heard(world.post)) > 0.6
        assert likeness(DESK_SAYS, world.heard(world.desk)) > 0.6
        assert made.signalling_bytes < 600
        assert Kind.CALL in {e.record.kind for e in world.post.case(world.case).entries}
    finally:
        world.realm.close()
