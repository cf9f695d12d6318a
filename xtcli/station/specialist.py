"""What a specialist does: open, claim, release, answer, amend, acknowledge alerts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xtcli.errors import NotAllowed, NotFound, UsageError
from xtcli.lang import tr
from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.records.parts import Version
from xtcli.records.sign import Record
from xtcli.records.types import AlertAck, Answer, Claimed, Kind, Opened, Released
from xtcli.records.values import Rx, Seen, StationKind
from xtcli.records.version import seen_of
from xtcli.station import attaching, filing
from xtcli.station.core import StationCore
from xtcli.station.forms import AnswerForm
from xtcli.station.views import Written


class Specialist(StationCore):
    """Operations of a desk."""

    def must_be_specialist(self) -> None:
        """NotAllowed unless this is a desk, or a hub with somebody at it."""
        self.must_be_practitioner(StationKind.DESK, StationKind.HUB)

    def open_case(self, case: RecordId) -> Written:
        """Open a case: the post sees it. Opening again what has not changed writes nothing."""
        self.must_be_specialist()
        found = self.case(case)
        seen = self.seen(found)
        last = self._last_opened(found)
        if last is not None and getattr(last.body, "seen", None) == seen:
            return self.written(last)
        return self.written(self.write(Opened(seen), case))

    def seen(self, case: Case) -> Seen:
        """What this practitioner has before their eyes."""
        records = [entry.record for entry in case.entries]
        return seen_of(records, self.settings.practitioner)

    def _last_opened(self, case: Case) -> Record | None:
        """This practitioner's newest opening of the case."""
        mine = [
            entry.record
            for entry in case.entries
            if entry.record.kind is Kind.OPENED
            and entry.record.author == self.settings.practitioner
        ]
        return mine[-1] if mine else None

    def claim(self, case: RecordId) -> Written:
        """Take a case. NotAllowed when a colleague has it."""
        self.must_be_specialist()
        found = self.case(case)
        if found.claimed_by == self.settings.practitioner:
            claimed = [e.record for e in found.entries if e.record.kind is Kind.CLAIMED]
            return self.written(claimed[-1])
        if found.claimed_by:
            raise NotAllowed(
                "Case {case} is taken by {who}.", "Ask them to give it back: xt release {case}",
                case=str(case), who=self.name(found.claimed_by),
            )  # fmt: skip
        return self.written(self.write(Claimed(), case))

    def release(self, case: RecordId, reason: str = "") -> Written:
        """Give a case back."""
        self.must_be_specialist()
        if self.case(case).claimed_by != self.settings.practitioner:
            raise UsageError("You have not taken case {case}.", "See: xt queue", case=str(case))
        return self.written(self.write(Released(reason), case))

    def answer(self, case: RecordId, form: AnswerForm) -> Written:
        """Sign an answer to what was opened. It quotes the case as this practitioner saw it."""
        self.must_be_specialist()
        found = self.case(case)
        mine = found.answer
        if mine is not None:
            raise UsageError(
                "Case {case} has an answer already.", "Change it with: xt amend {case}",
                case=str(case),
            )  # fmt: skip
        checked = filing.answer_of(form, self._seen_before_signing(found), self.clock(),
                                   self.entropy)  # fmt: skip
        return self._sign(case, form, checked.body, checked.warnings)

    def amend(self, case: RecordId, form: AnswerForm) -> Written:
        """Replace the standing answer by a new version; what is not given stays as it was."""
        self.must_be_specialist()
        found = self.case(case)
        old = found.answer
        if old is None:
            raise NotFound(
                "Case {case} has no answer to change.", "Answer it first: xt answer {case}",
                case=str(case),
            )  # fmt: skip
        if not form.reason.strip():
            raise UsageError("Why does the answer change?", "Write it: --reason TEXT")
        checked = filing.answer_of(_filled(form, old), self._seen_before_signing(found),
                                   self.clock(), self.entropy)  # fmt: skip
        body = replace(
            checked.body, rx=_kept_ids(checked.body.rx, old.body.rx) if form.rx else old.body.rx,
            diagnoses=checked.body.diagnoses if form.diagnosis else old.body.diagnoses,
            expires=checked.body.expires or old.body.expires,
            amends=old.record.id, reason=form.reason.strip(),
        )  # fmt: skip
        return self._sign(case, form, body, checked.warnings)

    def _seen_before_signing(self, case: Case) -> Seen:
        """An answer needs an opening first: that is when two identifiers were shown.

        What came since then was not before the practitioner's eyes, so the answer does not claim
        it.
        """
        opened = self._last_opened(case)
        if opened is None:
            raise UsageError(
                "You have not opened case {case}.", "Read it first: xt open {case}",
                case=str(case.id),
            )  # fmt: skip
        body = opened.body
        assert isinstance(body, Opened)
        return body.seen

    def _sign(
        self, case: RecordId, form: AnswerForm, body: Answer, warnings: tuple[str, ...]
    ) -> Written:
        """Commit an answer with its attachments, all or nothing."""
        items = [item for name in form.attach for item in attaching.prepare(Path(name))]
        items += attaching.prepare_voice(form.voice)
        now_seen = self.seen(self.case(case))
        if now_seen.version != body.seen.version:
            warnings = (*warnings, tr("something new arrived after you opened the case: xt open"))
        with self.log.many():
            record = self.write(body, case)
            attaching.store(self, case, items, of=record.id)
        return self.written(record, warnings)

    def acknowledge_alert(self, case: RecordId, text: str = "") -> Written:
        """Take notice of a case's critical alerts, in this practitioner's name."""
        self.must_be_practitioner(StationKind.DESK, StationKind.HUB, StationKind.POST)
        alarms = self.case(case).alarms
        if not alarms:
            raise NotFound("Case {case} has no alert.", "See: xt show {case}", case=str(case))
        return self.written(self.write(AlertAck(alarms[-1].record.id, text), case))


def _filled(form: AnswerForm, old: Version) -> AnswerForm:
    """An amendment's form, with what was not typed taken from the old answer."""
    body = old.body
    return AnswerForm(
        advice=form.advice or body.advice, diagnosis=form.diagnosis, rx=form.rx,
        disposition=form.disposition or body.disposition.name.lower(),
        refer_to=form.refer_to or body.refer_to, expires=form.expires, reason=form.reason,
    )  # fmt: skip


def _kept_ids(new: tuple[Rx, ...], old: tuple[Rx, ...]) -> tuple[Rx, ...]:
    """A line that did not change keeps its id, so that what was dispensed stays dispensed."""

    def said(line: Rx) -> tuple[str, str, str, str, int]:
        return (line.drug, line.dose, line.route, line.frequency, line.days)

    ids = {said(line): line.id for line in old}
    return tuple(replace(line, id=ids.get(said(line), line.id)) for line in new)
