"""Letting invited stations in: a sealed join request becomes roster entries and a sealed welcome.

The same keys get the same welcome as often as they ask; anything else about an invitation that is
not open is met with silence. It does not know sockets.
"""

from __future__ import annotations

from collections.abc import Sequence

from xtcli.errors import XtError
from xtcli.hub.hub import HubStation
from xtcli.hub.invites import Invite, Invites
from xtcli.records.roster import Roster
from xtcli.records.sign import Record
from xtcli.records.types import Body, Departments, PractitionerEntry, StationEntry
from xtcli.records.values import Department, StationKind
from xtcli.station.enrolment import JOIN_BYTE
from xtcli.station.invite import JOIN_BYTES, JOIN_CONTEXT, WELCOME_CONTEXT, JoinRequest, Welcome
from xtcli.station.roads_hops import HOPS_MAX
from xtcli.transport.bundle.seal import open_sealed, seal

STATIONS_MAX = 60_000
ROOT = 1
WELCOME_BYTES_MAX = JOIN_BYTES - 64
"""Sealed, it is as long as a request to join."""


class Admission:
    """Answers join requests for one hub."""

    def __init__(self, hub: HubStation) -> None:
        """Open the hub's list of invitations."""
        self.hub = hub
        self.invites = Invites(hub.home.hub_path)

    def close(self) -> None:
        """Close the list."""
        self.invites.close()

    def answer(self, datagram: bytes) -> bytes | None:
        """The answer to a join datagram; None for anything that deserves none."""
        if datagram[:1] != JOIN_BYTE:
            return None
        try:
            plain = open_sealed(
                datagram[1:], private=self.hub.keys.station_seal, context=JOIN_CONTEXT
            )
            asked = JoinRequest.decode(plain)
        except XtError:
            return None
        invite = self.invites.find(asked.invite, asked.secret)
        if invite is None or not self._open(invite, asked):
            return None
        if invite.used_by is None:
            invite = self._enrol(invite, asked)
        welcome = self._welcome(invite)
        return JOIN_BYTE + seal(
            welcome.encode(), recipient=asked.station_seal, context=WELCOME_CONTEXT,
            entropy=self.hub.entropy,
        )  # fmt: skip

    def _open(self, invite: Invite, asked: JoinRequest) -> bool:
        """Unused and in time; or used by these very keys, and not revoked since."""
        if invite.used_by is not None:
            mine = invite.used_by == asked.station_sign
            return mine and not self.hub.roster.revoked(invite.number)
        return self.hub.clock() < invite.expires

    def _enrol(self, invite: Invite, asked: JoinRequest) -> Invite:
        """Write the roster entries of a new station, then mark the invitation used.

        In this order: a crash between the two makes a second entry for the same keys at the worst,
        never a used invitation without a station.
        """
        roster = self.hub.roster
        number = _next_number(roster)
        kind = StationKind[invite.kind.upper()]
        bodies: list[Body] = [
            StationEntry(number, invite.station, kind, asked.station_sign, asked.station_seal,
                         invite.place, invite.upstream),
            PractitionerEntry(number + 1, invite.practitioner, number, asked.practitioner_sign,
                              invite.role, invite.depts),
        ]  # fmt: skip
        known = {entry.code for entry in roster.departments}
        new = [dept for dept in invite.depts if dept not in known]
        if new:
            listed = (*roster.departments, *(Department(dept) for dept in new))
            bodies.append(Departments(listed))
        with self.hub.log.many():
            for body in bodies:
                self.hub.write(body, automatic=True)
        self.invites.use(invite.id, asked.station_sign, number, number + 1, self.hub.clock())
        self._tell_relays(number)
        if kind is StationKind.DESK:
            self.hub.catch_up(number, invite.depts)
        found = self.invites.find(asked.invite, asked.secret)
        assert found is not None
        return found

    def _tell_relays(self, number: int) -> None:
        """The relays on the way to a new station must know it, and it them."""
        roster = self.hub.roster
        entry, entry_id = roster.station(number), roster.entry_record(number)
        for _ in range(HOPS_MAX):
            if entry is None or entry.upstream == ROOT or entry_id is None:
                return
            self.hub.log.queue(entry.upstream, entry_id, 1, at=int(self.hub.clock()))
            entry = roster.station(entry.upstream)

    def _welcome(self, invite: Invite) -> Welcome:
        """What a new station starts with: the hub, itself, its practitioner, the departments, and
        the relay that its link will end at."""
        roster = self.hub.roster
        numbers = {ROOT, invite.number, invite.practitioner_no, invite.upstream}
        ids = [roster.entry_record(no) for no in sorted(numbers)]
        records = [self.hub.log.get(found) for found in ids if found is not None]
        departments = self.hub.departments_record()
        welcome = self._with(invite, [*records, departments])
        if departments is not None and len(welcome.encode()) > WELCOME_BYTES_MAX:
            # An answer longer than the question is never sent: the list follows over the link.
            self.hub.log.queue(invite.number, departments.id, 1, at=int(self.hub.clock()))
            welcome = self._with(invite, records)
        return welcome

    def _with(self, invite: Invite, records: Sequence[Record | None]) -> Welcome:
        """A welcome with these records."""
        pairs = tuple((record.content, record.raw) for record in records if record is not None)
        return Welcome(invite.number, invite.practitioner_no, self.hub.settings.hub_sign, pairs)


def _next_number(roster: Roster) -> int:
    """The next free pair of numbers: a station's, then its practitioner's."""
    used = [entry.no for entry in roster.stations()] + [p.no for p in roster.practitioners()]
    number = max(used, default=ROOT) + 1
    if number > STATIONS_MAX:
        raise XtError("This realm is full.", "Revoke stations, or add a hub.")
    return number
