"""The one call of the screens: what rings, who is spoken to, what was missed.

It decides what a key means (`Stage`) and gives the screens one value to draw (`CallShown`). It
lives in the app's thread and draws nothing; the call itself runs in `call_thread`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from xtcli.records.ids import RecordId
from xtcli.station.calls_about import CallAbout
from xtcli.station.calls_missed import Missed, keep_missed, missed, with_missed, without
from xtcli.station.calls_values import CallOptions, CallReport, CallView
from xtcli.station.happenings import Happening
from xtcli.tui.call_thread import CallThread

if TYPE_CHECKING:
    from xtcli.errors import XtError
    from xtcli.station.station import Station

RING_SECONDS_MAX = 70.0
"""A ring that nobody ended: the caller gives up after a minute."""
ARM_SECONDS = 1.0
"""A key that was on its way when it began to ring refuses nothing."""
OVER_SECONDS = 30.0
"""How long the strip says how a call went."""

NO_VIEW = CallView("waiting")


class Stage(StrEnum):
    """What there is to do about calls now."""

    NOTHING = "nothing"
    RING = "ring"
    QUESTION = "question"
    NO_MICROPHONE = "no microphone"
    CALL = "call"
    OVER = "over"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class CallShown:
    """A call as a widget draws it."""

    stage: Stage = Stage.NOTHING
    case: RecordId | None = None
    about: CallAbout | None = None
    who: str = ""
    seconds: float = 0.0
    """Since it began to ring; since the answer once there is one."""
    view: CallView = NO_VIEW
    question: str = ""
    said: tuple[str, ...] = ()
    muted: bool = False
    pressed: bool | None = None
    listen: bool = False
    accept: bool = False
    report: CallReport | None = None
    error: XtError | None = None
    missed: tuple[Missed, ...] = ()
    still: bytes = b""
    """The newest picture of the other side, as it came."""

    @property
    def phase(self) -> str:
        """The call's phase; "over" once its thread has ended."""
        return "over" if self.stage is Stage.OVER else self.view.phase


@dataclass(slots=True)
class _Ring:
    case: RecordId
    by: str
    at: float


class Calls:
    """Calls of one app. `now` is a monotonic clock in seconds."""

    def __init__(self, station: Station, opener: Callable[[], Station], now: Callable[[], float]
                 ) -> None:  # fmt: skip
        """Nothing rings; what was missed before is read."""
        self.station = station
        self.opener = opener
        self.now = now
        self.about: dict[RecordId, CallAbout] = {}
        self.missed = missed(station.home)
        self._writer = ThreadPoolExecutor(1, "missed")
        self._ring: _Ring | None = None
        self._thread: CallThread | None = None
        self._began = 0.0
        self._over_at: float | None = None

    # What the link tells

    def heard(self, happening: Happening) -> bool:
        """Take in a happening; True when a person should be called by a bell."""
        if happening.case is None:
            return False
        if happening.kind == "ring":
            self._ring = _Ring(happening.case, happening.by, self.now())
            return True
        if happening.kind in ("call_missed", "call_wanted"):
            ring = self._ring
            if happening.kind == "call_missed" and ring and ring.case == happening.case:
                self._ring = None
            self.missed = with_missed(self.missed, happening)
            self._keep()
            return happening.kind == "call_wanted"
        return False

    def seen(self, case: RecordId | None) -> None:
        """A person has seen what was missed about a case; None: all of it."""
        if any(case is None or one.case == case for one in self.missed):
            self.missed = without(self.missed, case)
            self._keep()

    def _keep(self) -> None:
        """To the disk, in a thread: no key waits for it."""
        self._writer.submit(keep_missed, self.station.home, self.missed)

    # What there is

    @property
    def thread(self) -> CallThread | None:
        """The call, on or over."""
        return self._thread

    @property
    def busy(self) -> bool:
        """Whether a call is on."""
        return self._thread is not None and not self._thread.over

    @property
    def stage(self) -> Stage:
        """What there is to do now; the most urgent of several."""
        thread = self._thread
        if thread is not None and not thread.over:
            return Stage.QUESTION if thread.question is not None else Stage.CALL
        if self._ring is not None:
            return Stage.RING
        if thread is not None:
            return Stage.NO_MICROPHONE if thread.could_listen else Stage.OVER
        return Stage.MISSED if self.missed else Stage.NOTHING

    @property
    def armed(self) -> bool:
        """Whether a refusal can be meant: the question has stood there for a moment."""
        return self._ring is None or self.now() - self._ring.at > ARM_SECONDS

    @property
    def case(self) -> RecordId | None:
        """What the call or the ring is about."""
        if self.busy or self._ring is None:
            return self._thread.options.case if self._thread is not None else None
        return self._ring.case

    @property
    def unknown_case(self) -> RecordId | None:
        """A case whose patient has still to be looked up."""
        wanted = [self.case, *(one.case for one in self.missed[:1])]
        return next((case for case in wanted if case is not None and case not in self.about), None)

    def shown(self) -> CallShown:
        """The value to draw."""
        stage, case, thread = self.stage, self.case, self._thread
        if stage is Stage.MISSED:
            case = self.missed[0].case
        about = self.about.get(case) if case is not None else None
        base = CallShown(stage, case, about, missed=self.missed)
        if stage is Stage.RING:
            assert self._ring is not None
            who = _known_as(self._ring.by, about)
            return replace(base, who=who, seconds=self.now() - self._ring.at)
        if thread is None or stage is Stage.MISSED:
            return base
        view = thread.view
        talking = view.phase not in ("waiting", "calling", "ringing")
        question = thread.question
        return replace(
            base, who=_known_as(view.name, about), view=view,
            seconds=view.seconds if talking else self.now() - self._began,
            question=question.text if question else "", said=tuple(thread.said),
            muted=thread.muted, pressed=thread.pressed, listen=thread.options.listen,
            accept=thread.options.accept,
            report=thread.report, error=thread.error, still=thread.still,
        )  # fmt: skip

    def tick(self) -> None:
        """As time passes: a ring nobody ended, a call that has been over for long."""
        now = self.now()
        if self._ring is not None and now - self._ring.at > RING_SECONDS_MAX:
            self._ring = None
        thread = self._thread
        if thread is None or not thread.over:
            self._over_at = None
            return
        if self._over_at is None:
            self._over_at = now
            if thread.report is not None and thread.report.answered:
                self.seen(thread.options.case)
        elif now - self._over_at > OVER_SECONDS and not thread.could_listen:
            self.forget()

    # What a person does

    def begin(self, case: RecordId, *, keep: bool = False, accept: bool = False,
              listen: bool = False, stills: str = "") -> bool:  # fmt: skip
        """Ring, or take what rings; False when a call is on already. `stills`: what to show."""
        if self.busy:
            return False
        if self._ring is not None:
            # Both rang at once, or it is taken: one call either way. Another one is told "busy".
            accept = accept or self._ring.case == case
            self._ring = None
        self._began, self._over_at = self.now(), None
        options = CallOptions(case, accept=accept, keep=keep and not accept, listen=listen,
                              stills=stills)  # fmt: skip
        self._thread = CallThread(self.opener, options)
        self._thread.start()
        return True

    def take(self) -> RecordId | None:
        """Take the call that rings; its case."""
        ring = self._ring
        if ring is None or not self.begin(ring.case, accept=True):
            return None
        return ring.case

    def listen(self) -> None:
        """Without a microphone: the same call once more, only to listen."""
        thread = self._thread
        if thread is not None and thread.over:
            old = thread.options
            self.begin(old.case, keep=old.keep, accept=old.accept, listen=True)

    def refused(self) -> None:
        """The ring was declined; the caller hears of it from the thread that declines."""
        self._ring = None

    def answer(self, yes: bool) -> None:
        """Whether the call may be kept."""
        if self._thread is not None and self._thread.question is not None:
            self._thread.question.answer = yes

    def mute(self) -> None:
        """Microphone off, or on again."""
        if self._thread is not None:
            self._thread.muted = not self._thread.muted

    def press(self, down: bool | None) -> None:
        """Push-to-talk: down, up, or None: the voice decides."""
        if self._thread is not None:
            self._thread.pressed = down

    def hang_up(self) -> None:
        """End the call."""
        if self._thread is not None:
            self._thread.hang_up()

    def forget(self) -> None:
        """The person has read how it went."""
        if not self.busy:
            self._thread = None

    def close(self) -> None:
        """The app ends: hang up, and wait for what the call leaves."""
        if self._thread is not None:
            self._thread.hang_up()
            self._thread.join()
        self._writer.shutdown()


def _known_as(station: str, about: CallAbout | None) -> str:
    """A station's name with the practitioner there, where it is the one that was looked up."""
    if about is not None and about.who.startswith(station):
        return about.who
    return station
