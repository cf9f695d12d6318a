"""A call over the whole screen: both sides, how the sound travels and what that means, its keys.

It shows the app's one call and gives its keys to it; leaving the screen does not end the call.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from xtcli.lang import tr
from xtcli.tui import key_release, pictures
from xtcli.tui.calling import CallShown, Stage
from xtcli.tui.screens.base import DeskScreen
from xtcli.tui.text import clean, duration, fit, rate, waited
from xtcli.tui.widgets.cell_picture import CellPicture
from xtcli.tui.widgets.key_bar import KeyBar
from xtcli.tui.widgets.level import coloured
from xtcli.tui.widgets.link_bar import LinkBar
from xtcli.tui.widgets.ring_bar import mic_words, over_words, patient_words, phase_word

if TYPE_CHECKING:
    from PIL import Image

    from xtcli.media.call.ladder import Rung

METER_CELLS = 34
LABEL_CELLS = 15
SAID_LINES = 6
IN_CALL = frozenset(("hang_up", "mute", "talk", "open_microphone"))


def way_words(rung: Rung | None) -> str:
    """How sound travels: the ladder's letter, and what it means."""
    if rung is None:
        return "-"
    from xtcli.media.call.words import rung_words

    return f"{rung.state}: {rung_words(rung)}"


def call_text(shown: CallShown) -> Content:
    """Everything about a call but its picture, as lines."""
    view = shown.view
    phase = phase_word(shown.phase)
    lines = [
        Content.assemble((f"{phase}  {waited(shown.seconds)}", "bold $accent")),
        _line(tr("with"), clean(shown.who) or "-"),
        _line(tr("about"), patient_words(shown), "bold"),
        Content(""),
    ]
    if shown.stage is Stage.QUESTION:
        lines += [Content.assemble((clean(shown.question), "bold $warning")),
                  Content.assemble(("F9 ", "bold $accent"), tr("yes, keep it"), "   ",
                                   ("F8 ", "bold $accent"), tr("no")), Content("")]  # fmt: skip
    if shown.stage is Stage.NO_MICROPHONE:
        lines += [Content.assemble((over_words(shown)[0], "bold $error")),
                  Content.assemble(("F9 ", "bold $accent"), tr("only listen"))]  # fmt: skip
    elif shown.stage is Stage.OVER:
        lines += [Content.assemble((line, "bold")) for line in over_words(shown)]
    else:
        lines += _live(shown)
    if shown.said:
        lines.append(Content(""))
        lines += [Content(clean(text)) for text in shown.said[-SAID_LINES:]]
    if shown.stage is Stage.CALL and view.agreed:
        words = (tr("both agreed: it is recorded into the case") if shown.accept
                 else tr("you allow it; it is kept if the other side agrees too"))  # fmt: skip
        lines.append(_line(tr("kept"), words, "bold"))
    return Content("\n").join(lines)


def _live(shown: CallShown) -> list[Content]:
    """Meters, ladder and link."""
    view = shown.view
    shut = shown.muted or shown.pressed is False or shown.listen
    mine = coloured(view.microphone, METER_CELLS, shut=shut)
    lines = [
        Content.assemble((_label(tr("my microphone")), "bold $secondary"), mine, "  ",
                         (mic_words(shown), "bold $warning")),
        Content.assemble((_label(tr("other side")), "bold $secondary"),
                         coloured(view.speaker, METER_CELLS)),
        Content(""),
        _line(tr("from here"), way_words(view.rung)),
        _line(tr("from there"), way_words(view.peer_rung)),
    ]  # fmt: skip
    if view.still is not None:
        # Above what may scroll out of a small window: an old picture must not pass for a new one.
        age = tr("{time} old", time=duration(view.still.age_s))
        lines.insert(0, _line(tr("camera picture"), age))
    if view.rung is not None:
        facts = [rate(view.rate_bps), tr("{n} % lost", n=round(100 * view.loss))]
        if view.rtt_s:
            facts.append(tr("round trip {time}", time=duration(view.rtt_s)))
        lines.append(_line(tr("link"), "  ".join(facts)))
    if not view.contact:
        words = tr("No contact. Go on speaking: it will be sent as a voice note.")
        lines.append(Content.assemble((words, "bold $error")))
    elif view.floor:
        words = {"me": tr("You are speaking."), "free": tr("You may speak."),
                 "peer": tr("The other side is speaking. Please wait.")}[view.floor]  # fmt: skip
        lines.append(Content.assemble((words, "bold $warning")))
    return lines


def _label(words: str) -> str:
    return fit(words, LABEL_CELLS)


def _line(label: str, words: str, style: str = "") -> Content:
    return Content.assemble((_label(label), "bold $secondary"), (words, style))


class CallScreen(DeskScreen):
    """The call, over everything."""

    DEFAULT_CSS = """
    CallScreen #body { height: 1fr; }
    CallScreen #facts { width: 1fr; padding: 1 2; scrollbar-size-vertical: 1; }
    CallScreen #still { width: 1fr; display: none; }
    CallScreen #still.here { display: block; }
    CallScreen #top { height: 1; background: $primary 25%; padding: 0 1; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back to work"),
        Binding("f2,enter", "open_case", "open the case"),
        Binding("f5,m", "mute", "microphone on/off"),
        Binding("space", "talk", "push-to-talk"),
        Binding("f6,v", "open_microphone", "voice decides"),
        Binding("f8,h", "hang_up", "hang up"),
    ]

    def __init__(self) -> None:
        """Shows the app's call."""
        super().__init__()
        self.shown = CallShown()
        self._still = b""

    def compose(self) -> ComposeResult:
        """Title, facts beside the other side's picture, link, keys."""
        yield Static(tr("Call"), id="top", markup=False)
        with Horizontal(id="body"):
            with VerticalScroll(id="facts", can_focus=False):
                yield Static(id="text")
            yield Horizontal(id="still")
        yield LinkBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw it as it stands."""
        if key_release.tells_release(os.environ):
            key_release.understand()
            self._tell_terminal(key_release.ON)
        self.put(self.desk.calls.shown())

    def on_unmount(self) -> None:
        """Keys as they were."""
        if key_release.tells_release(os.environ):
            self._tell_terminal(key_release.OFF)

    def _tell_terminal(self, text: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(text)

    def put(self, shown: CallShown) -> None:
        """Draw the call; nothing is written where nothing has changed."""
        before, self.shown = self.shown, shown
        text = call_text(shown)
        widget = self.query_one("#text", Static)
        if getattr(widget, "said", None) != text:
            widget.said = text  # type: ignore[attr-defined]
            widget.update(text)
        if before.stage is not shown.stage:
            self.refresh_bindings()
        if shown.still and shown.still is not self._still:
            self._still = still = shown.still
            self.in_background(lambda: pictures.decode(still), self._show_still, group="still",
                               failed=lambda _: None)  # fmt: skip

    def _show_still(self, image: Image.Image) -> None:
        room = self.query_one("#still", Horizontal)
        room.add_class("here")
        cells = list(room.query(CellPicture))
        if cells:
            cells[0].put(image)
        elif room.children:
            pictures.replace(room.children[0], image)
        else:
            room.mount(pictures.image_widget(image, pictures.how_here()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of a call work during one."""
        if action in IN_CALL:
            return self.desk.calls.busy
        return True

    # Keys

    def action_hang_up(self) -> None:
        """End the call."""
        self.desk.calls.hang_up()
        self.desk.show_calls()

    def action_mute(self) -> None:
        """Microphone off, or on."""
        self.desk.calls.mute()
        self.desk.show_calls()

    def action_talk(self) -> None:
        """Speak, or stop speaking: a terminal does not tell when a key goes up."""
        self.desk.calls.press(self.shown.pressed is not True)
        self.desk.show_calls()

    def action_open_microphone(self) -> None:
        """No key any more: the voice decides."""
        self.desk.calls.press(None)
        self.desk.show_calls()

    def on_key(self, event: Key) -> None:
        """Where the terminal says when Space goes up, that ends speaking."""
        if event.key == key_release.RELEASED:
            event.stop()
            self.desk.calls.press(False)
            self.desk.show_calls()

    def action_open_case(self) -> None:
        """The case the call is about, with the call in a strip above it."""
        case = self.shown.case
        self.dismiss()
        if case is not None:
            self.desk.show_case(case)

    def action_back(self) -> None:
        """Back to where the person was; the call goes on."""
        if not self.desk.calls.busy:
            self.desk.calls.forget()
        self.dismiss()
