"""What anybody at a station may look at: lists, the queue, one case, the log, the status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtcli.clinic.born import Born
from xtcli.errors import UsageError
from xtcli.records.authority import Reason, reason_text
from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask as Page
from xtcli.records.queue import Order, Summary
from xtcli.records.values import Patient, StationKind
from xtcli.station import attaching, desk_follow, routing, views
from xtcli.station.core import StationCore
from xtcli.station.forecast import Forecast
from xtcli.station.home import SyncLock, disk_errors
from xtcli.station.roads_store import RoadCount, RoadStore
from xtcli.station.views import CaseRow, LinkView, LogEntry, Returned, Status, Verified


class Reading(StationCore):
    """Operations that change nothing."""

    def row(self, summary: Summary) -> CaseRow:
        """A summary as a row of a list."""
        now = self.clock()
        who = Patient(summary.name, summary.sex, summary.born)
        waited = summary.waited(now) if summary.waiting_since else None
        return CaseRow(
            case=summary.case, name=summary.name,
            second=Born.from_number(summary.born).text if summary.born else "",
            sex=views.SEX_LETTERS[summary.sex], age=views.age_text(who, now), dept=summary.dept,
            place=summary.place or self.name(summary.case.station),
            urgency=summary.urgency.name.lower(), complaint=summary.complaint,
            state=self.state_of(summary), created=summary.created, waiting=waited,
            overdue=summary.overdue(now), score=summary.score if summary.score >= 0 else None,
            claimed_by=self.name(summary.claimed_by) if summary.claimed_by else "",
            attachments=summary.attachments, alerts=summary.alerts, recheck=summary.recheck,
        )  # fmt: skip

    def state_of(self, summary: Summary) -> str:
        """How far a case has come; "refused" when its request will never be taken."""
        return views.state_word(summary.state, refused=self.log.is_returned(summary.case))

    def rows(self, page: Page) -> list[CaseRow]:
        """One page of cases as rows."""
        return [self.row(summary) for summary in self.log.summaries(page)]

    def cases(self, *, everything: bool = False, search: str = "", limit: int = 50
              ) -> list[CaseRow]:  # fmt: skip
        """The cases here, newest first; open ones only unless `everything`."""
        return self.rows(Page(text=search, open_only=not everything, limit=limit))

    def queue(self, dept: str = "", limit: int = 200) -> list[CaseRow]:
        """Who waits, most urgent first: alerts, urgency, NEWS2, time waited."""
        depts = (dept,) if dept else ()
        return self.rows(Page(depts=depts, waiting_only=True, order=Order.QUEUE, limit=limit))

    def case_document(self, case: Case) -> dict[str, Any]:
        """A case for JSON and for pages."""
        document = views.case_document(case, self.name, self.clock())
        document["continued_by"] = [str(no) for no in desk_follow.continued_by(self, case.id)]
        return document

    def blob(self, case: RecordId, prefix: str) -> bytes:
        """The bytes of an attachment of a case; NotFound when not (all) here."""
        digest = attaching.find_blob(self, case, prefix).digest
        return self.blobs.read(digest)

    def save_blob(self, case: RecordId, prefix: str, path: Path) -> int:
        """Write an attachment to a file; how many bytes."""
        data = self.blob(case, prefix)
        try:
            with disk_errors():
                path.write_bytes(data)
        except OSError as error:
            raise UsageError(
                "The file {file} cannot be written.", "Choose another place.", file=str(path)
            ) from error
        return len(data)

    def status(self) -> Status:
        """This station at a glance."""
        hub = routing.HUB
        waiting = self.log.waiting(hub)
        records, blobs, size = waiting.records, waiting.blobs, waiting.size
        if self.kind is StationKind.HUB:
            each = [self.log.waiting(s.no) for s in self.roster.stations() if s.no != self.number]
            records = sum(w.records for w in each)
            blobs = sum(w.blobs for w in each)
            size = sum(w.size for w in each)
        link = self.link_view()
        seconds = None if self.kind is StationKind.HUB else Forecast(self).waiting()
        return Status(
            name=self.settings.name, kind=self.settings.kind, number=self.number,
            practitioner=self.name(self.settings.practitioner) if self.settings.practitioner
            else "", now=self.clock(), link=link, waiting_records=records, waiting_blobs=blobs,
            waiting_bytes=size, waiting_seconds=seconds,
            open_cases=self.log.count(Page(open_only=True)),
            refused=self.log.refused_count(), held=self.log.held_count(), syncing=self.syncing(),
            roads=self.roads(), returned=self.returned(),
        )  # fmt: skip

    def returned(self) -> tuple[Returned, ...]:
        """What the hub will never take, newest first."""
        found = []
        for one in self.log.returns():
            record = self.log.get(one.record)
            case = record.case if record is not None else None
            fork = one.why in (Reason.FORK, Reason.CHAIN)
            found.append(Returned(one.record, case, reason_text(one.why), fork))
        return tuple(found)

    def roads(self) -> tuple[RoadCount, ...]:
        """Every carrier used so far."""
        store = RoadStore(self.home.root)
        try:
            return tuple(store.counts())
        finally:
            store.close()

    def link_view(self) -> LinkView:
        """The link as last measured by any process of this home."""
        from xtcli.station.linkfile import read_link

        return read_link(self.home, self.settings.hub_address)

    def syncing(self) -> bool:
        """Whether some process of this home talks on the link now."""
        return SyncLock(self.home).held()

    def verify_log(self) -> Verified:
        """Check every signature, digest and chain; LogCorrupt at the first that does not fit."""
        count = self.log.verify(self.roster)
        self.blobs.verify()
        return Verified(count, len(self.log.stations()))

    def log_entries(self, case: RecordId | None = None) -> Iterator[LogEntry]:
        """Records one by one: of a case, or all."""
        records = self.log.records(case) if case else self.log._each()
        for record in records:
            confirmed = {
                self.name(no): views.iso(at) for no, at in self.log.confirmed(record.id).items()
            }
            yield LogEntry(
                record.id, record.kind.name.lower(), self.name(record.author),
                views.iso(record.at), record.case, record.size, confirmed,
            )  # fmt: skip
