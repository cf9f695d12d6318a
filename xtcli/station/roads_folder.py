"""The folder road: one visit of a stick, or of any synced folder, at a post, a desk or a hub.

First everything for this station is taken and committed, which makes room; then everything that
waits is written, most urgent first, receipts included. A visit may be broken off at any moment and
made again. It knows no sockets and no formats below the envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xtcli.errors import DiskFull, ExitCode, UsageError
from xtcli.lang import tr
from xtcli.lang.system import harmless
from xtcli.station import origin, parcels
from xtcli.station import roads_vouch as vouch
from xtcli.station.intake import Arrival
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.station.routing import HUB
from xtcli.transport.bundle.envelope import SEALED_BYTES_MAX, Envelope
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.bundle.seal import bundle_context, seal
from xtcli.transport.carriers import folder
from xtcli.transport.carriers.choices import Entry
from xtcli.transport.carriers.folder import Found, Refused
from xtcli.transport.spool import Outgoing
from xtcli.transport.symbols import bundle_tag

REASONS_MAX = 20
"""Refused files that are named; all are counted. A stick may hold thousands of photos."""


@dataclass(slots=True)
class FolderReport:
    """What one visit did. `left` bundles did not fit, or could not be written at all; `reasons` say
    why files were refused, or why nothing could be written or deleted."""

    road: str
    put: int = 0
    taken: int = 0
    refused: int = 0
    again: int = 0
    """Of those taken: bundles that were safe here already, as when a stick was copied."""
    left: int = 0
    records: int = 0
    bytes_put: int = 0
    bytes_taken: int = 0
    waiting_records: int = 0
    waiting_blobs: int = 0
    reasons: list[str] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.OK


class FolderVisit:
    """One visit of `place` by the station of `mail`."""

    def __init__(self, mail: Mail, store: RoadStore, place: Path) -> None:
        """Nothing is read before `run`."""
        self.mail = mail
        self.store = store
        self.place = place
        self.report = FolderReport(f"folder:{place}")
        self.arrivals: list[Arrival] = []
        self.on_step: Callable[[FolderReport], None] = lambda report: None
        """Called after each bundle taken or written: a stick may be slow."""
        self._notes: dict[int, list[bytes]] = {}
        self._written: dict[int, set[bytes]] = {}
        self._locked: UsageError | None = None
        self._there: list[Entry] | None = None

    def run(self) -> FolderReport:
        """Take, clear, write. A stick that goes away raises; what was committed stays.

        One that is locked is read nevertheless: it may hold the answer somebody waits for.
        """
        station = self.mail.station
        try:
            with self._even_locked():
                folder.clean(self.place, station.clock())
            self._take_all()
            with self._even_locked():
                self._clear()
            with self._even_locked():
                self._put_all()
        finally:
            self._count()
        if self._locked is not None:
            self._say_locked(self._locked)
        elif self.report.left:
            self.report.exit_code = ExitCode.DISK_FULL
        elif self.report.refused:
            self.report.exit_code = ExitCode.PARTLY
        return self.report

    @contextmanager
    def _even_locked(self) -> Iterator[None]:
        """What cannot be deleted or written is noted; reading goes on."""
        try:
            yield
        except UsageError as error:
            self._locked = error

    def _say_locked(self, error: UsageError) -> None:
        """Nothing was lost, but whoever carries the stick must know; an error if it was no use."""
        if not self.report.taken:
            raise error
        self.report.reasons.append(
            tr("{folder} cannot be written: what it holds was taken, nothing was deleted or left"
               " there. Check the stick's lock.", folder=self.place)
        )  # fmt: skip
        self.report.exit_code = ExitCode.PARTLY

    def _drop(self, name: str) -> None:
        """Delete a file that is safe here, if the stick lets it go."""
        with self._even_locked():
            folder.drop(self.place, name)

    # Taking

    def _take_all(self) -> None:
        bad: list[Refused] = []
        for found in folder.take(self.place, self.mail.station.number, self.mail.hint, bad):
            self._take(found)
        for one in bad:
            self._refuse(one.name, one.reason)

    def _take(self, found: Found) -> None:
        """One bundle: committed, then deleted from the folder."""
        envelope = found.envelope
        note = self._note(envelope)
        if note is not None:
            self._take_note(found, note)
            return
        again = self.mail.spool.settled(envelope.sender, envelope.tag)
        arrivals = self._open(envelope)
        if arrivals is None:
            self._refuse(found.name, tr("It was not sealed for this station, or is damaged."))
            return
        self._notes.setdefault(envelope.sender, []).append(envelope.tag)
        self.report.again += again
        self._took(found, arrivals)

    def _open(self, envelope: Envelope) -> list[Arrival] | None:
        """Commit what is in a bundle; None when it does not open."""
        arrival = self.mail.arrived(envelope.sender, envelope.sealed, envelope.tag, "folder")
        return None if arrival is None else [arrival]

    def _settled(self, peer: int, tag: bytes) -> None:
        """`peer` has written that it holds a bundle; a relay above holds it for the hub."""
        self.mail.taken(HUB if peer == self._above() else peer, tag)

    def _above(self) -> int:
        """The station directly above this one."""
        mine = self.mail.station.roster.station(self.mail.station.number)
        return mine.upstream if mine is not None else HUB

    def _took(self, found: Found, arrivals: list[Arrival]) -> None:
        """A bundle is safe here: its file may go."""
        self._drop(found.name)
        self.report.taken += 1
        self.report.bytes_taken += len(found.envelope.sealed)
        self.report.records += sum(len(arrival.new) for arrival in arrivals)
        self.arrivals += arrivals
        self.on_step(self.report)

    def _take_note(self, found: Found, note: Part) -> None:
        """Believe a note of its sender; anybody can write one in another station's name."""
        sender, station = found.envelope.sender, self.mail.station
        key = self.mail.seal_key(sender)
        if key is None or not origin.is_said(station, note, sender, key):
            self._refuse(found.name, tr("It does not prove that the station it names wrote it."))
            return
        for tag in parcels.read_taken(note):
            self._settled(sender, tag)
        self._drop(found.name)

    def _note(self, envelope: Envelope) -> Part | None:
        """The part of a bundle that only says what its sender has taken; None for others."""
        exchange = self.mail.exchange(envelope.sender)
        if exchange is None or len(envelope.sealed) > parcels.TAKEN_SEALED_BYTES_MAX:
            return None
        parts = exchange.peek(envelope.sealed)
        if parts is None or len(parts) != 1 or not parcels.is_taken(parts[0]):
            return None
        return parts[0]

    def _refuse(self, name: str, reason: str) -> None:
        self.report.refused += 1
        if len(self.report.reasons) < REASONS_MAX:
            self.report.reasons.append(f"{harmless(name)}: {reason}")

    def _clear(self) -> None:
        """Delete what this station wrote here and knows the receipts of."""
        station = self.mail.station
        for peer, carried in self.store.carried_tags().items():
            settled = carried - {one.tag for one in self.mail.spool.outgoing(peer)}
            folder.drop_sent(self.place, station.number, self.mail.hint, settled)

    # Writing

    def _put_all(self) -> None:
        """Everything that waits, whoever it is for; a full folder gets the most urgent."""
        for one in self._waiting():
            sealed = self.mail.spool.sealed(one.peer, one.tag)
            if sealed is None or len(sealed) > SEALED_BYTES_MAX:
                continue
            if self._put(*self._ends(one), min(one.priority, 5), sealed):
                self.report.put += 1
                self.on_step(self.report)
                self.store.carried(one.peer, one.tag)
                self.mail.sent(one.peer, one.tag)
            else:
                self.report.left += 1
        for relay, tag in self._vouch_all():
            # Cleared, and written anew with what still waits, at the next visit.
            self.store.carried(relay, tag)
        for peer, tags in self._notes.items():
            self._put_note(peer, tags)
        if HUB in self._notes and self._above() != HUB:
            # A relay may hold the same bundles for us, and cannot read what the hub is told.
            self._put_note(self._above(), self._notes[HUB])
        # A note is written once, so what vouches for it must stay until its relay has read both.
        self._vouch_all()

    def _relays_for(self, recipient: int) -> list[int]:
        """The relays that must know a file for `recipient` as genuine."""
        above = self._above()
        return [above] if above != HUB and recipient in (HUB, above) else []

    def _vouch_all(self) -> list[tuple[int, bytes]]:
        """One small file for each relay that must know what was written since the last time; the
        relays and the files' tags."""
        found = []
        for relay, digests in self._written.items():
            key, station = self.mail.seal_key(relay), self.mail.station
            if key is not None:
                sealed = vouch.write(station, relay, key, digests)
                self._write(relay, station.number, 0, sealed)
                found.append((relay, bundle_tag(sealed)))
        self._written = {}
        return found

    def _waiting(self) -> list[Outgoing]:
        """What to write, most urgent first."""
        mail = self.mail
        found = [one for peer in mail.peers() for one in mail.fill(peer, at_relay=True)]
        return sorted(found, key=lambda one: (one.priority, one.size))

    def _ends(self, one: Outgoing) -> tuple[int, int]:
        """For whom a bundle was sealed, and by whom."""
        return one.peer, self.mail.station.number

    def _put(self, recipient: int, sender: int, priority: int, sealed: bytes) -> bool:
        """Write one envelope and remember to vouch for it; False when there is no room."""
        if not self._write(recipient, sender, priority, sealed):
            return False
        for relay in self._relays_for(recipient):
            self._written.setdefault(relay, set()).add(vouch.digest(sealed))
        return True

    def _write(self, recipient: int, sender: int, priority: int, sealed: bytes) -> bool:
        mail = self.mail
        envelope = Envelope(recipient, sender, mail.hint, priority, sealed).to_bytes()
        try:
            if self._there is None:
                self._there = folder.listing(self.place)
            _, written = folder.put(self.place, envelope, mail.station.entropy, self._there)
        except DiskFull:
            return False
        self.report.bytes_put += len(envelope) if written else 0
        return True

    def _put_note(self, peer: int, tags: list[bytes]) -> None:
        """Tell `peer` what was taken, so that its receipts need no receipts. Loss harms nothing."""
        key, station = self.mail.seal_key(peer), self.mail.station
        if key is None:
            return
        context = bundle_context(station.settings.realm, station.number, peer)
        note = origin.said(station, parcels.taken_part(tags[: parcels.TAKEN_MAX]), peer, key)
        sealed = seal(pack([note]), recipient=key, context=context, entropy=station.entropy)
        self._put(peer, station.number, 5, sealed)

    def _count(self) -> None:
        station, report = self.mail.station, self.report
        each = [station.log.waiting(peer) for peer in self.mail.peers()]
        report.waiting_records = sum(one.records for one in each)
        report.waiting_blobs = sum(one.blobs for one in each)
        self.store.count(
            "folder", station.clock() if report.taken else None, put=report.put,
            taken=report.taken, refused=report.refused, bytes_out=report.bytes_put,
            bytes_in=report.bytes_taken, again=report.again,
        )  # fmt: skip
