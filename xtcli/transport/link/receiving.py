"""Incoming bundles: symbols until a bundle is whole, and memory of what was accepted.

A bundle is DONE only after the shell has accepted it. Everything a peer can make grow is bounded.
It knows no datagram formats, keys or clocks.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from xtcli.transport.link.events import BundleArrived, LinkConfig, SymbolsToKeep, TransferProgress
from xtcli.transport.link.frames import Done, Frame, Have, Refused, Symbol, Whole
from xtcli.transport.symbols import Decoder, bundle_tag

REFUSED_TOO_LARGE = 1
"""Reason code: the bundle is larger than this station takes."""
REFUSED_DAMAGED = 2
"""Reason code: its symbols do not give the bytes that its tag names."""
TOUCHED_MAX = 4
"""Bundles named in one report, those last touched."""


@dataclass(slots=True)
class Incoming:
    """A bundle that is partly here."""

    priority: int
    decoder: Decoder


class Inbox:
    """What has partly arrived, what waits for the shell, what was accepted."""

    def __init__(self, config: LinkConfig) -> None:
        """Start empty."""
        self._config = config
        self.partial: OrderedDict[bytes, Incoming] = OrderedDict()
        """Incomplete bundles, the one touched last at the end."""
        self.waiting: dict[bytes, int] = {}
        """Whole bundles handed to the shell and not yet answered: tag to length."""
        self._answers: OrderedDict[bytes, int] = OrderedDict()
        self._bytes = 0
        self.refused = 0
        """Bundles refused so far: too large, damaged, or not wanted by the shell."""

    def answer(self, tag: bytes) -> Done | Refused | None:
        """What this bundle was answered before, if it is remembered."""
        reason = self._answers.get(tag)
        if reason is None:
            return None
        return Refused(tag, reason) if reason else Done(tag)

    def settle(self, tag: bytes, reason: int) -> Done | Refused:
        """Remember the shell's answer; reason 0 is accepted."""
        self.waiting.pop(tag, None)
        self.drop(tag)
        self._answers[tag] = reason
        self.refused += reason > 0
        self._answers.move_to_end(tag)
        if len(self._answers) > self._config.accepted_max:
            self._answers.popitem(last=False)
        return Refused(tag, reason) if reason else Done(tag)

    def forget(self, tag: bytes) -> None:
        """A whole bundle that was handed over could not be kept: let it come again."""
        self.waiting.pop(tag, None)

    def drop(self, tag: bytes) -> bool:
        """Forget what has come of a bundle; whether anything had."""
        found = self.partial.pop(tag, None)
        if found is not None:
            self._bytes -= found.decoder.layout.length
        return found is not None

    def take(self, frame: Frame) -> tuple[bytes, BundleArrived | SymbolsToKeep | Refused | None]:
        """A frame: its bundle's tag, and what the shell or the peer must hear, if it is news."""
        if isinstance(frame, Whole):
            return self.whole(frame)
        return frame.tag, self.symbol(frame)

    def whole(self, frame: Whole) -> tuple[bytes, BundleArrived | None]:
        """A bundle in one datagram: its tag, and the event if it is new."""
        tag = bundle_tag(frame.sealed)
        if tag in self._answers or tag in self.waiting:
            return tag, None
        self.drop(tag)
        self.waiting[tag] = len(frame.sealed)
        return tag, BundleArrived(tag, frame.sealed, frame.priority)

    def symbol(self, frame: Symbol) -> BundleArrived | SymbolsToKeep | Refused | None:
        """A symbol: what the shell or the peer must hear of it, if anything."""
        tag = frame.tag
        if tag in self._answers or tag in self.waiting:
            return None
        if frame.length > self._config.bundle_bytes_max:
            return self._refuse(tag, REFUSED_TOO_LARGE)
        incoming = self._incoming(frame)
        decoder = incoming.decoder
        layout = decoder.layout
        if (layout.length, layout.symbol_bytes) != (frame.length, len(frame.payload)):
            return None
        if not decoder.add(frame.index, frame.payload):
            return None
        if not decoder.complete:
            kept = ((frame.index, frame.payload),)
            return SymbolsToKeep(tag, layout.length, layout.symbol_bytes, frame.priority, kept)
        sealed = decoder.data()
        self.drop(tag)
        if bundle_tag(sealed) != tag:
            return self._refuse(tag, REFUSED_DAMAGED)
        self.waiting[tag] = layout.length
        return BundleArrived(tag, sealed, incoming.priority)

    def _refuse(self, tag: bytes, reason: int) -> Refused:
        """Refuse once; the peer may try again later."""
        self.refused += 1
        self.drop(tag)
        return Refused(tag, reason)

    def _incoming(self, frame: Symbol) -> Incoming:
        """The bundle of this symbol, begun if need be, now the one touched last."""
        found = self.partial.get(frame.tag)
        if found is None:
            found = Incoming(frame.priority, Decoder(frame.length, len(frame.payload)))
            self._make_room(frame.length)
            self.partial[frame.tag] = found
            self._bytes += frame.length
        found.priority = min(found.priority, frame.priority)
        self.partial.move_to_end(frame.tag)
        return found

    def _make_room(self, length: int) -> None:
        """Drop the least urgent, longest untouched bundles until one more fits."""
        config = self._config
        while self.partial and (
            len(self.partial) >= config.partial_bundles_max
            or self._bytes + length > config.partial_bytes_max
        ):
            worst = max(one.priority for one in self.partial.values())
            self.drop(next(tag for tag, one in self.partial.items() if one.priority == worst))

    def restore(self, kept: SymbolsToKeep) -> None:
        """Take back symbols that the shell kept; what cannot be is ignored."""
        for index, payload in kept.symbols:
            if kept.tag in self._answers or len(payload) != kept.symbol_bytes:
                continue
            symbol = Symbol(kept.tag, index, kept.length, payload, kept.priority)
            try:
                self._incoming(symbol).decoder.add(index, payload)
            except ValueError:
                continue

    def have(self, tag: bytes) -> Have:
        """What of a bundle is here, for the peer."""
        found = self.partial.get(tag)
        if found is None:
            missing = (0,) if tag in self.waiting else ()
            return Have(tag, 1 if missing else 0, 0, missing)
        decoder = found.decoder
        size = decoder.layout.symbol_bytes
        return Have(tag, size, decoder.next_index, tuple(decoder.missing))

    def touched(self) -> list[Have]:
        """What to say in a report: bundles touched last and whole ones not yet answered."""
        tags = list(self.partial)[-TOUCHED_MAX:] + list(self.waiting)[-TOUCHED_MAX:]
        return [self.have(tag) for tag in tags]

    def progress(self) -> list[TransferProgress]:
        """Every bundle that is partly here."""
        shown = []
        for tag, one in self.partial.items():
            layout = one.decoder.layout
            lacking = sum(one.decoder.missing) * layout.symbol_bytes
            arrived = max(0, layout.length - lacking)
            shown.append(TransferProgress(tag, one.priority, layout.length, arrived, incoming=True))
        return shown
