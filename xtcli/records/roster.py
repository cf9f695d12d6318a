"""The roster: who is who in a realm, folded from the root hub's records.

The root hub's key is known from the invitation; everything else here was signed with it. Stations
hold as much of the roster as they needed so far, so a number that is not found may still exist.
Knows nothing of cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xtcli.records.ids import RecordId
from xtcli.records.sign import Record, realm_of, verify
from xtcli.records.types import (
    ROSTER_KINDS,
    Departments,
    PractitionerEntry,
    Revoked,
    StationEntry,
)
from xtcli.records.values import Department, StationKind

ROOT = 1
"""The root hub's number, as a station and as the author of the roster."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who can sign: a practitioner, or a station for its automatic records."""

    no: int
    name: str
    key: bytes
    station: int
    station_kind: StationKind
    automatic: bool
    role: str = ""
    depts: tuple[str, ...] = ()

    @property
    def specialist(self) -> bool:
        """A person with departments at a desk or a hub."""
        return not self.automatic and self.station_kind is not StationKind.POST and bool(self.depts)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One roster entry and the record that made it."""

    record: RecordId
    at: int
    body: StationEntry | PractitionerEntry


@dataclass(frozen=True, slots=True)
class _Revocation:
    """From when, after which record of the station (0: not said), and why."""

    at: int
    last: int
    reason: str


class Roster:
    """Fold of the root hub's roster records. The order in which they are applied has no effect."""

    def __init__(self, root_public: bytes, records: Iterable[Record] = ()) -> None:
        """`root_public` is the hub's Ed25519 key; `records` must have been admitted already."""
        self.root_public = root_public
        self.realm = realm_of(root_public)
        self._entries: dict[int, list[_Entry]] = {}
        self._revoked: dict[int, dict[RecordId, _Revocation]] = {}
        self._departments: tuple[RecordId, tuple[Department, ...]] | None = None
        for record in records:
            self.apply(record)

    def apply(self, record: Record) -> bool:
        """Take in one admitted record; False when it is no roster record."""
        if record.kind not in ROSTER_KINDS or record.id.station != ROOT:
            return False
        body = record.body
        if isinstance(body, StationEntry | PractitionerEntry):
            entries = self._entries.setdefault(body.no, [])
            if all(entry.record != record.id for entry in entries):
                entries.append(_Entry(record.id, record.at, body))
                entries.sort(key=lambda entry: entry.record)
        elif isinstance(body, Revoked):
            this = _Revocation(record.at, body.last, body.reason)
            self._revoked.setdefault(body.no, {})[record.id] = this
        elif isinstance(body, Departments) and (
            self._departments is None or record.id > self._departments[0]
        ):
            self._departments = (record.id, body.departments)
        return True

    def station(self, no: int) -> StationEntry | None:
        """The newest entry of station `no`."""
        body = self._newest(no)
        return body if isinstance(body, StationEntry) else None

    def practitioner(self, no: int) -> PractitionerEntry | None:
        """The newest entry of practitioner `no`."""
        body = self._newest(no)
        return body if isinstance(body, PractitionerEntry) else None

    def stations(self) -> tuple[StationEntry, ...]:
        """Newest entries of all stations known here, by number, revoked ones too."""
        found = (self.station(no) for no in sorted(self._entries))
        return tuple(entry for entry in found if entry is not None)

    def practitioners(self) -> tuple[PractitionerEntry, ...]:
        """Newest entries of all practitioners known here, by number, revoked ones too."""
        found = (self.practitioner(no) for no in sorted(self._entries))
        return tuple(entry for entry in found if entry is not None)

    def entry_record(self, no: int) -> RecordId | None:
        """The record that made the newest entry of `no`."""
        entries = self._entries.get(no)
        return entries[-1].record if entries else None

    def name(self, no: int) -> str:
        """The name of a station or practitioner; empty when unknown here."""
        body = self._newest(no)
        return body.name if body else ""

    @property
    def departments(self) -> tuple[Department, ...]:
        """The newest list of departments."""
        return self._departments[1] if self._departments else ()

    def desks(self, dept: str, at: int | None = None) -> tuple[StationEntry, ...]:
        """Stations where a specialist of `dept` works, by number, without revoked ones."""
        found: set[int] = set()
        for person in self.practitioners():
            author = self.author(person.no)
            if author is None or not author.specialist or dept not in author.depts:
                continue
            if not (self.revoked(person.no, at) or self.revoked(person.station, at)):
                found.add(person.station)
        entries = (self.station(no) for no in sorted(found))
        return tuple(entry for entry in entries if entry is not None)

    def author(self, no: int) -> Author | None:
        """Who signs as `no`; None when unknown here (also: a practitioner of an unknown station).

        The root hub itself is known from the start by its key.
        """
        body = self._newest(no)
        if no == ROOT:
            name = body.name if body else ""
            return Author(ROOT, name, self.root_public, ROOT, StationKind.HUB, True)
        if isinstance(body, StationEntry):
            return Author(no, body.name, body.sign_key, no, body.station_kind, True)
        if isinstance(body, PractitionerEntry):
            home = self.station(body.station)
            kind = home.station_kind if home else None
            if body.station == ROOT:
                kind = StationKind.HUB
            if kind is not None:
                return Author(no, body.name, body.sign_key, body.station, kind, False,
                              body.role, body.depts)  # fmt: skip
        return None

    def missing(self, no: int) -> int:
        """The number whose entry is needed before `no` is known: its own, or its station's."""
        person = self.practitioner(no)
        return person.station if person else no

    def revoked(self, no: int, at: int | None = None, seq: int = 0) -> bool:
        """Whether `no` was revoked, or its entry ended, by `at` (None: ever revoked).

        With `seq`: whether a record with that number comes after the last that still counts.
        """
        for one in self._revoked.get(no, {}).values():
            if at is None or at >= one.at or (one.last and seq > one.last):
                return True
        body = self._newest(no)
        return body is not None and at is not None and 0 < body.until <= at

    def revoked_because(self, no: int) -> str:
        """The reason given when `no` was revoked; empty when it was not."""
        found = self._revoked.get(no)
        return found[min(found)].reason if found else ""

    def signed_by(self, record: Record) -> bool:
        """Whether the record's author signed it with the key in force when it was made.

        A key that a newer entry replaced still proves records dated before that entry.
        """
        if record.author == ROOT:
            return verify(record, self.root_public, self.realm)
        entries = self._entries.get(record.author, [])
        for place, entry in enumerate(reversed(entries)):
            newer = entries[len(entries) - place] if place else None
            if newer is not None and record.at >= newer.at:
                return False
            if verify(record, entry.body.sign_key, self.realm):
                return True
        return False

    def _newest(self, no: int) -> StationEntry | PractitionerEntry | None:
        entries = self._entries.get(no)
        return entries[-1].body if entries else None
