"""What every operation of a station stands on: its home, keys, log, blobs and roster.

It commits records and says whom they must reach. It does not know forms, links or screens.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property

from xtcli.errors import KeyMissing, NotAllowed, NotFound
from xtcli.records.authority import judge, reason_text
from xtcli.records.blobs import Blobs
from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.records.keys import Keys, is_locked
from xtcli.records.log import Log
from xtcli.records.roster import Roster
from xtcli.records.sign import Record, Signer, author
from xtcli.records.store import Delivery
from xtcli.records.types import ROSTER_KINDS, Body, Request
from xtcli.records.values import StationKind
from xtcli.station import filing, routing, words
from xtcli.station.home import Home, Settings
from xtcli.station.views import Written

Clock = Callable[[], float]
Entropy = Callable[[int], bytes]


class StationCore:
    """One open home. `clock` gives unix seconds, `entropy` random bytes."""

    def __init__(self, home: Home, *, clock: Clock, entropy: Entropy, pin: str = "") -> None:
        """Open the home's log; KeyMissing when no station lives there."""
        self.home = home
        self.clock = clock
        self.entropy = entropy
        self.settings: Settings = home.settings()
        self.ask_pin: Callable[[], str] | None = None
        self._pin = pin or os.environ.get("XT_PIN", "")
        self.log = Log(home.log_path, own=self.settings.number, score=self._score)
        self.blobs = Blobs(self.log.database, home.blobs_path, entropy)
        self._roster: Roster | None = None
        self._roster_version = -1

    def close(self) -> None:
        """Close the log."""
        self.log.close()

    def _score(self, request: Request) -> int | None:
        return filing.score(request, self.clock())

    @property
    def number(self) -> int:
        """This station's number in the roster."""
        return self.settings.number

    @property
    def kind(self) -> StationKind:
        """Post, desk or hub."""
        return StationKind[self.settings.kind.upper()]

    @cached_property
    def keys(self) -> Keys:
        """The private keys, unlocked."""
        data = self.home.read_keys()
        if is_locked(data) and not self._pin:
            self._pin = self.ask_pin() if self.ask_pin else ""
            if not self._pin:
                raise KeyMissing(
                    "The keys of this station are locked.",
                    "Type the PIN on a terminal, or set XT_PIN.",
                )
        return Keys.from_bytes(data, self._pin)

    @cached_property
    def station_signer(self) -> Signer:
        """Signs what the station itself states: receipts, alerts, the roster."""
        return Signer(self.keys.station_sign)

    @cached_property
    def practitioner_signer(self) -> Signer:
        """Signs what the practitioner states."""
        return Signer(self.keys.practitioner_sign)

    @property
    def roster(self) -> Roster:
        """Who is who, as far as this station was told; read again when the log has changed."""
        version = self.log.data_version()
        if self._roster is None or version != self._roster_version:
            self._roster = Roster(self.settings.hub_sign, self.log.of_kinds(ROSTER_KINDS))
            self._roster_version = version
        return self._roster

    def forget_roster(self) -> None:
        """A roster record was written by this process: fold again."""
        self._roster = None

    def name(self, number: int) -> str:
        """The name of a station or practitioner; its number when not known here."""
        return self.roster.name(number) or str(number)

    # Writing

    def write(self, body: Body, case: RecordId | None = None, *, automatic: bool = False) -> Record:
        """Sign `body` and commit it; on return it is on the disk and queued for whom it concerns.

        NotAllowed when this station or practitioner may not state it.
        """
        signer = self.station_signer if automatic else self.practitioner_signer
        who = self.number if automatic else self.settings.practitioner
        at = int(self.clock())

        def make(seq: int, prev: bytes) -> Record:
            record = author(body, station=self.number, seq=seq, author=who, at=at, case=case,
                            prev=prev, signer=signer, realm=self.settings.realm)  # fmt: skip
            self._must_be_allowed(record)
            return record

        record = self.log.append(make, deliver=self.deliveries)
        if record.kind in ROSTER_KINDS:
            self.forget_roster()
        return record

    def _must_be_allowed(self, record: Record) -> None:
        """The same judgement that every other station will make on arrival."""
        found = judge(record, self.roster, self.log.get)
        if found is None:
            return
        if isinstance(found, str):
            raise NotAllowed(
                "This is not allowed: {reason}", "See who you are here: xt status",
                reason=reason_text(found),
            )  # fmt: skip
        raise NotFound(
            "What this refers to is not here yet ({missing}).", "Fetch it first: xt sync",
            missing=str(found),
        )  # fmt: skip

    def deliveries(self, record: Record) -> Iterable[Delivery]:
        """Whom a record must reach: a post or desk tells its hub everything it authors."""
        if record.id.station != self.number:
            return []
        request = self.log.get(record.case) if record.case else None
        facts = routing.facts_of(record, request)
        return [Delivery(routing.HUB, routing.record_priority(record, facts))]

    # Reading

    def case(self, case: RecordId) -> Case:
        """The fold of a case; NotFound when it is not here."""
        if self.log.get(case) is None and not self.log.records(case):
            raise _no_case(case)
        return self.log.case(case, self.clock())

    def request_of(self, case: RecordId) -> Request:
        """The request of a case."""
        found = self.log.get(case)
        if found is None or not isinstance(found.body, Request):
            raise _no_case(case)
        return found.body

    def identifiers(self, case: RecordId) -> tuple[str, str]:
        """The two identifiers of a case's patient."""
        return filing.identifiers(self.request_of(case).patient)

    def written(self, record: Record, warnings: Iterable[str] = ()) -> Written:
        """What to tell the person who made a record."""
        assert record.case is not None
        return Written(record.case, record.id, self.identifiers(record.case), tuple(warnings))

    def must_be_practitioner(self, *kinds: StationKind) -> None:
        """NotAllowed unless a person works here and the station is of one of `kinds`."""
        if self.settings.practitioner == 0 or self.kind not in kinds:
            raise NotAllowed(
                "This is not done at a {kind}.", "See who you are here: xt status",
                kind=words.station(self.settings.kind),
            )  # fmt: skip


def _no_case(case: RecordId) -> NotFound:
    return NotFound("There is no case {case} here.", "See the cases: xt list", case=str(case))


CASE_WRITERS = (StationKind.POST, StationKind.DESK, StationKind.HUB)
