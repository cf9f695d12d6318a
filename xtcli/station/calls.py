"""A live call about a case: who is rung, over which line, what is heard, and what it leaves behind.

    LiveCall.run()   ring or answer → talk → hang up → CALL record and notes in the case

The core of a call is `xtcli.media.call` (sans-IO); this is the shell around it for one process:
`calls_live` joins session, sound and line, `calls_line` brings payloads to the hub and back,
`calls_sound` is microphone and speaker or files, `calls_keep` what a kill must not lose. Front ends
give `Hooks` and get a `CallReport`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from xtcli.errors import LinkDown, NotFound, UsageError
from xtcli.lang import tr
from xtcli.media.call.events import Answered, CallEvent, Ended, Ringing
from xtcli.media.call.session import CallSession
from xtcli.media.call.words import event_words
from xtcli.records.values import StationKind
from xtcli.station import calls_keep, calls_who
from xtcli.station.calls_board import Incoming
from xtcli.station.calls_door import decline
from xtcli.station.calls_keep import Kept, Left
from xtcli.station.calls_line import OwnLine, hint, open_line
from xtcli.station.calls_live import CallWire
from xtcli.station.calls_sound import (
    DeviceMicrophone,
    DeviceSpeaker,
    End,
    FileMicrophone,
    FileSpeaker,
    NoMicrophone,
)
from xtcli.station.calls_stills import CallStills
from xtcli.station.calls_values import CallOptions, CallReport, CallView, Hooks
from xtcli.station.calls_view import VIEW_SECONDS, view_of
from xtcli.station.calls_wire import (
    Envelope,
    RingNote,
    Route,
    wanted,
)

if TYPE_CHECKING:
    from xtcli.station.station import Station

LOOK_SECONDS = 0.02
RING_SECONDS = 60.0
WAIT_SECONDS = 30.0
"""How long `accept` waits for a ring: callers repeat it every few seconds."""
AWAY_SECONDS = 3.0
"""The hub said that the other station is not connected; perhaps it is just coming back."""
UNREACHED_SECONDS = 20.0
"""Five rings without as much as "it rings" from the other side."""
SAID_NO = ("busy", "declined")
"""Ends that the other side has told of: it was reached."""
WANTED_SECONDS = 5.0
KEEP_SECONDS = 1.0
LINGER_SECONDS = 1.5
"""After the end: the other side may not know yet."""
SETTLE_SECONDS = 8.0
AFTER_FILE_SECONDS = 3.0


class LiveCall(CallWire):
    """One call of this process. Use it once."""

    def __init__(self, station: Station, options: CallOptions, hooks: Hooks | None = None) -> None:
        """Nothing happens before `run`."""
        super().__init__(station, options)
        self.hooks = hooks or Hooks()
        self._ends: list[End] = []
        self._kept: Kept | None = None
        self._began = time.monotonic()
        self._answered_at: float | None = None
        self._ended_at: float | None = None
        self._spoken_at: float | None = None
        self._rang = False
        self._viewed = 0.0

    async def run(self) -> CallReport:
        """The whole call. DeviceMissing, LinkDown, NotFound and NotAllowed come before it rings."""
        calls_who.must_call(self.station, self.options.case)
        lock = calls_keep.call_lock(self.station.home)
        if not lock.take():
            raise UsageError("This station is in a call already.", "End that one first.")
        self._loop = asyncio.get_running_loop()
        try:
            self._open_sound()
            self._stills = CallStills(
                self.station.home.root / calls_keep.FOLDER, self.options.stills, self.hooks,
                self._lock,
            )  # fmt: skip
            self._line = await open_line(self.station)
            driver = asyncio.create_task(self._drive())
            try:
                await self._talk()
                return await self._report()
            finally:
                for end in self._ends:
                    end.stop()
                await self._stills.end()
                self._driving = False
                driver.cancel()
                with suppress(asyncio.CancelledError):
                    await driver
                await self._line.close()
        finally:
            lock.free()
            calls_keep.recover(self.station)

    # Sound

    def _open_sound(self) -> None:
        """Both ends, before anybody is rung."""
        options = self.options
        if options.file is not None:
            self._ends.append(FileMicrophone(self._capture, self._talking, options.file))
        elif options.listen:
            self._ends.append(NoMicrophone(self._capture))
        else:
            self._ends.append(DeviceMicrophone(self._capture, options.device))
        if options.out is not None:
            self._ends.append(FileSpeaker(self._play, self._sounding, options.out))
        else:
            self._ends.append(DeviceSpeaker(self._play, options.device))

    # From ring to end

    async def _talk(self) -> None:
        """Ring or answer, then until it is over."""
        await self._begin()
        for end in self._ends:
            end.start()
        saved = time.monotonic()
        while not self._over():
            self._look()
            if self._kept is not None and time.monotonic() - saved > KEEP_SECONDS:
                await self._save()
                saved = time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)

    async def _begin(self) -> None:
        """A session: for the ring that waits, for one that comes, or for one of our own."""
        assert self._line is not None
        incoming = self._line.incoming
        self._line.start(self._receive)
        if incoming is not None and incoming.case != self.options.case:
            self._refuse(incoming)
            incoming = None
        if incoming is None and not self.options.accept:
            await self._open_case()
            target = calls_who.to_ring(self.station, self.options.case)
            if target is not None:
                self._ring(target)
                return
            self.hooks.show(tr("No specialist is on this case yet: asking the department."), None)
        incoming = incoming or await self._wait(ask=not self.options.accept)
        await self._answer(incoming)

    def _refuse(self, incoming: Incoming) -> None:
        """A ring about another case waited; this person has chosen this one."""
        self._busy(Envelope(Route.TO, incoming.station, incoming.ring), time.monotonic())

    async def _open_case(self) -> None:
        """A desk that calls has opened the case: so the post knows who rings."""
        if self.station.kind is StationKind.DESK:
            self.station.open_case(self.options.case)

    def _ring(self, target: calls_who.Party) -> None:
        note = RingNote(self.options.case, int(self.station.clock()), self.options.keep)
        self.peer = target.station
        self._consent = self.options.keep
        self._began = time.monotonic()
        assert self._line is not None
        with self._lock:
            self.session = CallSession.place(
                self._began, self.station.entropy, self.station.keys.station_seal, target.public,
                note=note.encode(), rate_bps=hint(self._line.rate_bps),
            )  # fmt: skip
        self.hooks.show(tr("Calling {who} ...", who=target.name), None)
        self._flush()

    async def _wait(self, *, ask: bool) -> Incoming:
        """For a ring about this case; with `ask`, after asking the department for one."""
        assert self._line is not None
        end = time.monotonic() + (RING_SECONDS if ask else WAIT_SECONDS)
        asked = 0.0
        while self._waiting is None:
            now = time.monotonic()
            if ask and now - asked > WANTED_SECONDS:
                self._line.send(wanted(self.options.case))
                asked = now
            if now > end or self.hooks.stop():
                break
            self._show_view(now)
            await asyncio.sleep(LOOK_SECONDS)
        if self._waiting is not None:
            return self._waiting
        if ask:
            raise LinkDown(
                "Nobody of the department could be reached.",
                "Send a voice note: xt note {case} --voice rec",
                case=str(self.options.case),
            )
        raise NotFound(
            "No call about case {case} is waiting.", "Call yourself: xt call {case}",
            case=str(self.options.case),
        )  # fmt: skip

    async def _answer(self, incoming: Incoming) -> None:
        """Take a call."""
        party = calls_who.party(self.station, incoming.station)
        assert party is not None
        assert self._line is not None
        if incoming.keep:
            question = tr("{who} allows the call to be kept in the case. Keep it?", who=party.name)
            self._consent = self.options.keep or await asyncio.to_thread(self.hooks.agree, question)
        self.peer = incoming.station
        self._recording = self._consent
        self._began = time.monotonic()
        with self._lock:
            session = CallSession.incoming(
                incoming.ring, self._began, self.station.entropy, self.station.keys.station_seal,
                party.public, rate_bps=hint(self._line.rate_bps),
            )  # fmt: skip
            session.accept(self._began)
            self.session = session
        self._flush()

    def _over(self) -> bool:
        """Whether it has ended, and the other side had time to learn it."""
        return self._ended_at is not None and time.monotonic() - self._ended_at > LINGER_SECONDS

    def _look(self) -> None:
        """Everything that happens from time to time while the call is on."""
        assert self.session is not None
        self._flush()
        with self._lock:
            events = self.session.events()
        for event in events:
            self._event(event)
        self._key()
        self._show_view(time.monotonic())
        if self._ended_at is None and self._should_end():
            with self._lock:
                self.session.hang_up(time.monotonic())
            self._flush()

    def _event(self, event: CallEvent) -> None:
        if isinstance(event, Answered):
            self._answered_at = time.monotonic()
            self._kept = Kept(
                self.station.entropy(calls_keep.KEY_BYTES).hex(), self.options.case, self.peer,
                int(self.station.clock()), consent=self._consent, kept=self._recording,
            )  # fmt: skip
            assert self.session is not None
            assert self.session.talk is not None
            self._stills.begin(self.session.talk, self._kept.key, kept=self._recording)
        elif isinstance(event, Ringing):
            self._rang = True
        elif isinstance(event, Ended):
            self._ended_at = time.monotonic()
        self.hooks.show(event_words(event), event)

    def _key(self) -> None:
        """Push-to-talk and mute."""
        if self.session is None:
            return
        pressed = self.hooks.pressed()
        with self._lock:
            self.session.mute(self.hooks.muted() or pressed is False)
            self.session.press(pressed)

    def _show_view(self, now: float) -> None:
        """How it stands, for a screen."""
        if self.hooks.view is None or now - self._viewed < VIEW_SECONDS:
            return
        self._viewed = now
        with self._lock:
            view = view_of(self.session, now, CallView(
                "waiting", self.peer, self.station.name(self.peer) if self.peer else "",
                microphone=self._levels[0].take(), speaker=self._levels[1].take(),
                muted=self.hooks.muted(), agreed=self._consent, still=self._stills.view(now),
            ))  # fmt: skip
        self.hooks.view(view)

    def _should_end(self) -> bool:
        now = time.monotonic()
        failed = next((end.failure for end in self._ends if end.failure is not None), None)
        if self.hooks.stop() or failed is not None:
            return True
        patience = AWAY_SECONDS if self._away else UNREACHED_SECONDS
        if self._answered_at is None and not self._rang and now - self._began > patience:
            return True
        if self._answered_at is None:
            return False
        if self.options.seconds:
            return now - self._answered_at > self.options.seconds
        microphone = self._ends[0]
        if isinstance(microphone, FileMicrophone) and microphone.spoken_out:
            self._spoken_at = self._spoken_at or now
            return now - self._spoken_at > AFTER_FILE_SECONDS
        return False

    # What is left of it

    def _snapshot(self) -> tuple[Kept, bytes]:
        """The call as it stands, and the sound of a recording since the last time."""
        assert self._kept is not None
        assert self.session is not None
        with self._lock:
            passages = tuple((at, tuple(packets)) for at, packets in self.session.passages())
            summary = self.session.summary(time.monotonic())
            mine, theirs = self._mixed
            size = min(len(mine), len(theirs)) // 2 * 2
            sound = calls_keep.mix(bytes(mine[:size]), bytes(theirs[:size]))
            del mine[:size], theirs[:size]
        if summary is not None:
            self._kept = replace(
                self._kept, seconds=max(1, round(summary.seconds)),
                quality=calls_keep.quality_of(summary), passages=passages,
            )  # fmt: skip
        return self._kept, sound

    async def _save(self) -> None:
        """What a kill must not lose, to the disk."""
        kept, sound = self._snapshot()
        home = self.station.home
        if sound:
            await asyncio.to_thread(calls_keep.append_sound, home, kept.key, sound)
        await asyncio.to_thread(calls_keep.save, home, kept)

    async def _report(self) -> CallReport:
        """Record and notes into the case; how it went."""
        session = self.session
        assert session is not None
        left: Left | None = None
        await self._stills.end()
        for end in self._ends:
            end.stop()
            if end.failure is not None:
                self.hooks.show(str(end.failure), None)
        if self._kept is not None:
            await self._save()
            left = calls_keep.finish(self.station, self._kept)
            if isinstance(self._line, OwnLine):
                await self._line.settle(SETTLE_SECONDS)
        elif not self._rang and session.reason not in SAID_NO:
            self._not_reached()
        first = self._first_audio
        return CallReport(
            self.options.case, self.peer, left is not None, session.reason,
            ring_to_audio=first - self._began if first is not None else None,
            signalling_bytes=session.signalling_bytes,
            quality=self._kept.quality if self._kept else 0,
            consent=self._consent, record=left.record if left else None,
            notes=left.notes if left else 0, note_seconds=left.note_seconds if left else 0.0,
            recordings=left.recordings if left else 0, summary=session.summary(time.monotonic()),
            stills_sent=self._stills.sent, stills_received=self._stills.received,
        )  # fmt: skip

    def _not_reached(self) -> None:
        """Nothing of the other side was heard at all, and it was not this person who gave up."""
        if self.hooks.stop() and not self._away:
            return
        raise LinkDown(
            "{who} cannot be reached now.", "Send a voice note: xt note {case} --voice rec",
            who=self.station.name(self.peer), case=str(self.options.case),
        )  # fmt: skip


def run_call(station: Station, options: CallOptions, hooks: Hooks | None = None) -> CallReport:
    """A call from beginning to end, in an event loop of its own."""
    return asyncio.run(LiveCall(station, options, hooks).run())


def decline_call(station: Station) -> bool:
    """Refuse the call that rings at the process that holds the link; False when none does."""
    return asyncio.run(decline(station.home))
