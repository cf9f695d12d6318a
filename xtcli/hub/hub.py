"""`HubStation`: a station with many peers. It decides whom to tell, and watches over the promise.

It does not know sockets or screens; what it holds in memory can be rebuilt from its log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xtcli.errors import NotAllowed, XtError
from xtcli.lang import tr
from xtcli.records.case import PROMISE_SECONDS, Case
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask as Page
from xtcli.records.sign import Record
from xtcli.records.store import Delivery
from xtcli.records.types import Alert, Ask, Attach, Escalated, Kind, Request
from xtcli.station import attaching, filing, requested, routing, shell
from xtcli.station.core import Clock, Entropy
from xtcli.station.home import Home, default_root
from xtcli.station.station import Station

REALERT_SECONDS = 300.0
"""An unacknowledged critical value alerts again after so long."""
BACKUP_STEP = 2
"""From this step on, the other desks of the department and the post are alerted too."""
SLOW_STEP = 6
REALERT_SLOW_SECONDS = 1_800.0
"""After some steps the alerts come less often, so that they do not fill a thin link."""
ALERT_STEPS_MAX = 1_000
WATCHED_MAX = 10_000


class HubStation(Station):
    """The root hub's station."""

    def __init__(self, home: Home, *, clock: Clock, entropy: Entropy, pin: str = "") -> None:
        """As `Station`."""
        super().__init__(home, clock=clock, entropy=entropy, pin=pin)
        self._escalated: set[RecordId] = set()
        """Overdue cases that `watch` has nothing more to say about."""
        self._faults: dict[RecordId, str] = {}
        """Cases that a mistake of ours keeps from being watched over, and what went wrong."""

    # Whom to tell

    def deliveries(self, record: Record) -> Iterable[Delivery]:
        """Whom a record concerns, the bytes of attachments included, introductions first."""
        request = self.log.get(record.case) if record.case else None
        facts = routing.facts_of(record, request)
        found: list[Delivery] = []
        for route in routing.routes(record, facts, self.roster, self.number):
            if facts is not None and self._is_news(route.peer, record, facts):
                assert record.case is not None
                found += self._whole_case(route.peer, record.case)
            found += self._one(record, route)
        return found + self.asked_for(record)

    def _one(self, record: Record, route: routing.Route) -> list[Delivery]:
        """A record for one peer: introductions first, the bytes of an attachment last."""
        found = self._introductions(record, route)
        found.append(Delivery(route.peer, route.priority, record.id, record.size))
        body = record.body
        if isinstance(body, Attach) and attaching.travels(body):
            found += attaching.blob_deliveries(body, [route.peer])
        return found

    def _introductions(self, record: Record, route: routing.Route) -> list[Delivery]:
        """The roster entries that a peer needs to check a record; queued once each."""
        return [
            Delivery(route.peer, route.priority, entry)
            for entry in routing.introductions(record, self.roster)
            if entry != record.id
        ]

    def _is_news(self, peer: int, record: Record, facts: routing.CaseFacts) -> bool:
        """Whether a desk has not confirmed the case yet: perhaps it joined after it was closed."""
        if peer == facts.post or record.case is None or record.id == record.case:
            return False
        return peer not in self.log.confirmed(record.case)

    def _whole_case(self, desk: int, case: RecordId) -> list[Delivery]:
        """Everything of a case, for a desk; what it has already is not queued again."""
        request = self.log.get(case)
        found: list[Delivery] = []
        for record in self.log.records(case):
            if record.id.station != desk:
                urgency = routing.record_priority(record, routing.facts_of(record, request))
                found += self._one(record, routing.Route(desk, urgency))
        return found

    def asked_for(self, record: Record) -> list[Delivery]:
        """Deliveries of an original that a question asks for, to who asked.

        Its bytes may still have to come here; a delivery waits for them.
        """
        want = requested.wanted(self, record) if isinstance(record.body, Ask) else None
        asker = record.id.station
        if want is None or want.region is not None:
            return []
        if asker in (self.number, want.original.id.station):
            return []
        return attaching.blob_deliveries(want.announced, [asker])

    def catch_up(self, desk: int, depts: Iterable[str]) -> None:
        """Tell a new desk about the open cases of its departments."""
        for row in self.log.summaries(Page(depts=tuple(depts), open_only=True, limit=WATCHED_MAX)):
            with self.log.many():
                for delivery in self._whole_case(desk, row.case):
                    assert delivery.item is not None
                    self.log.queue(desk, delivery.item, delivery.priority, size=delivery.size,
                                   at=int(self.clock()))  # fmt: skip

    def departments_record(self) -> Record | None:
        """The newest list of departments."""
        found = self.log.of_kinds([Kind.DEPARTMENTS])
        return found[-1] if found else None

    # Watching

    def watch(self) -> list[Record]:
        """Escalate what has waited too long; alert again about unacknowledged critical values.

        Everything it does is a record in the case, so a restarted hub neither forgets nor repeats.
        """
        now = self.clock()
        overdue = Page(waiting_only=True, overdue_at=int(now), limit=WATCHED_MAX)
        found = {row.case for row in self.log.summaries(overdue)}
        # What is escalated or answered stays so: many that wait long must not keep a hub busy.
        self._escalated &= found
        fresh = sorted(found - self._escalated)
        alarming = self.log.summaries(Page(open_only=True, alerts_only=True, limit=WATCHED_MAX))
        made: list[Record] = []
        if fresh or alarming:
            with self.log.many():
                for number in fresh:
                    made += self._watched(self._escalate, number, now)
                for row in alarming:
                    made += self._watched(self._alert_again, row.case, now)
        self._escalated.update(fresh)
        return made

    def _watched(
        self, step: Callable[[Case, float], list[Record]], case: RecordId, now: float
    ) -> list[Record]:
        """What one case needs. Whatever is wrong with it, the others are watched over."""
        try:
            with self.log.many():
                return step(self.log.case(case, now), now)
        except XtError:
            raise
        except Exception as error:
            self._faults[case] = type(error).__name__
            return []

    def faults(self) -> list[XtError]:
        """What `watch` could not do since this was asked last."""
        found, self._faults = self._faults, {}
        return [
            XtError(
                "The case {case} cannot be watched over ({why}).",
                "Look at it, and report this to whoever looks after the hub; all else goes on.",
                case=case, why=why,
            )
            for case, why in found.items()
        ]  # fmt: skip

    def _escalate(self, case: Case, now: float) -> list[Record]:
        """Say in a case that nobody has answered for too long, once."""
        if case.escalated or case.answer:
            return []
        reason = tr("no answer within {minutes} minutes", minutes=PROMISE_SECONDS // 60)
        return [self.write(Escalated(reason), case.id, automatic=True)]

    def alert_if_critical(self, record: Record) -> Record | None:
        """The first alert about a request with critical values."""
        body = record.body
        if not isinstance(body, Request):
            return None
        findings = filing.criticals(body, record.at)
        if not findings:
            return None
        what = "; ".join(finding.text for finding in findings)[:1000]
        return self.write(Alert(what, 0, 0, record.id), record.id, automatic=True)

    def _alert_again(self, case: Case, now: float) -> list[Record]:
        """The next step for a case whose newest alert nobody has acknowledged."""
        open_alarms = case.unacknowledged
        if not open_alarms:
            return []
        # By number, not by time: after the hub's clock was set back, the newest is dated earlier.
        alarm = max(open_alarms, key=lambda alarm: alarm.record.id.seq)
        newest, body = alarm.record, alarm.body
        pause = REALERT_SECONDS if body.step < SLOW_STEP else REALERT_SLOW_SECONDS
        if not 0 <= now - newest.at < pause and body.step < ALERT_STEPS_MAX:
            to = case.id.station if body.step + 1 >= BACKUP_STEP else 0
            again = Alert(body.what, body.step + 1, to, body.of)
            return [self.write(again, case.id, automatic=True)]
        return []


def open_hub() -> HubStation:
    """The hub of this home; NotAllowed when the station here is not one."""
    home = Home(default_root())
    if home.settings().kind != "hub":
        raise NotAllowed(
            "This station is not a hub.", "Do this on the hub's computer, or set XT_HOME."
        )
    return HubStation(home, clock=shell.now, entropy=shell.entropy)
