"""What a village or township doctor does: file, add, attach, ask, acknowledge, close, dispense."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from xtcli.clinic import identity
from xtcli.errors import NotFound, UsageError
from xtcli.lang import tr
from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask as Page
from xtcli.records.types import Ack, Ask, Closed, Dispensed, Request
from xtcli.records.values import BlobKind, Patient, Region, StationKind, Urgency
from xtcli.station import attaching, desk_follow, filing, requested, routing
from xtcli.station.attaching import Costs, Prepared
from xtcli.station.core import CASE_WRITERS, StationCore
from xtcli.station.forecast import Forecast
from xtcli.station.forms import RequestForm
from xtcli.station.priority import CRITICAL, IMAGE, TEXT
from xtcli.station.views import Filed, Near, Written

NEAR_LOOKED_AT_MAX = 5_000
Before = Callable[[tuple[Costs, ...]], None]


class Village(StationCore):
    """Operations of a post."""

    def file(
        self, form: RequestForm, before: Before = lambda parts: None, *, batch: bool = False
    ) -> Filed:
        """Check, sign and commit a request; on return it is on the disk.

        The same document of a batch is filed once, ever; the same request by hand once a day, for
        a patient may come again with the same words.
        `before` is shown what each part costs on the link, before anything is saved or sent.
        """
        self.must_be_practitioner(StationKind.POST)
        departments = [entry.code for entry in self.roster.departments]
        checked = filing.request_of(form, departments, self.clock())
        body = checked.body
        desk_follow.must_fit(self, body)
        items = [item for name in form.attach for item in attaching.prepare(Path(name))]
        items += attaching.prepare_voice(form.voice)
        on = "" if batch else filing.day(self.clock()).isoformat()
        key = _key(body, [item.body.digest for item in items], on)
        near = self.near(body.patient)
        if self.log.by_key(key) is None:
            before(self.parts(body, items))
        with self.log.many():
            # Looked up under the write lock: two processes with one batch file it once.
            existing = self.log.by_key(key)
            if existing is not None:
                return Filed(existing, filing.identifiers(body.patient), checked.warnings, (),
                             True, 0, None)  # fmt: skip
            record = self.write(body)
            attaching.store(self, record.id, items)
            self.log.remember_key(key, record.id)
        waiting = [item for item in items if item.travels]
        least = max((routing.blob_priority(item.body) for item in waiting), default=TEXT)
        return Filed(record.id, filing.identifiers(body.patient), checked.warnings, near, False,
                     record.size + sum(len(item.data) for item in waiting),
                     Forecast(self).waiting(least))  # fmt: skip

    def check_typed(self, name: str, typed: str) -> None:
        """UsageError when `typed` cannot be the field `name` of a request."""
        filing.check_typed(name, typed, [entry.code for entry in self.roster.departments],
                           self.clock())  # fmt: skip

    def parts(self, body: Request, items: Sequence[Prepared]) -> tuple[Costs, ...]:
        """What a request and its attachments cost on the link, in the order they go."""
        urgent = CRITICAL if body.urgency is Urgency.STAT else TEXT
        found = [("text", attaching.record_bytes(self, body), urgent)]
        for item in sorted(items, key=lambda item: routing.blob_priority(item.body)):
            if item.travels:
                # Its announcement goes with the text; the two travel in bundles of their own.
                size = len(item.data) + attaching.BUNDLE_BYTES
                found.append((item.body.blob.name.lower(), size, routing.blob_priority(item.body)))
        added = Forecast(self).each([(size, priority) for _, size, priority in found])
        return tuple(
            Costs(name, size, seconds)
            for (name, size, _), seconds in zip(found, added, strict=True)
        )

    def seconds(self, size: int, priority: int = IMAGE) -> float | None:
        """Seconds until `size` bytes more would be at the hub, behind what waits and is as urgent,
        on the link as last measured; None: unknown.
        """
        return Forecast(self).seconds(size, priority)

    def near(self, patient: Patient) -> tuple[Near, ...]:
        """Earlier patients here who may be the same person. Nobody is merged."""
        wanted = filing.person_of(patient)
        found: dict[str, Near] = {}
        for row in self.log.summaries(Page(limit=NEAR_LOOKED_AT_MAX)):
            if row.patient_key == patient.key or row.patient_key in found:
                continue
            if row.name != patient.name and (not patient.born or row.born != patient.born):
                continue
            other = self.log.get(row.case)
            if other is None or not isinstance(other.body, Request):
                continue
            why = identity.near_duplicate(wanted, filing.person_of(other.body.patient))
            if why is not None:
                found[row.patient_key] = Near(row.case, row.name, why.text)
        return tuple(found.values())

    def note(
        self, case: RecordId, text: str, vital: list[str] | None = None, voice: str = ""
    ) -> Written:
        """Add text, new vital signs or a voice note to a case."""
        self.must_be_practitioner(*CASE_WRITERS)
        self.request_of(case)
        items = attaching.prepare_voice(voice)
        if not text.strip() and not vital and not items:
            raise UsageError("There is nothing to add.", "Give a text, --vital or --voice.")
        warnings: tuple[str, ...] = ()
        with self.log.many():
            records = []
            if text.strip() or vital:
                checked = filing.note_of(text.strip(), vital or [])
                warnings = checked.warnings
                records.append(self.write(checked.body, case))
            records += attaching.store(self, case, items)
        return self.written(records[0], warnings)

    def attach(self, case: RecordId, path: Path, caption: str = "") -> Written:
        """Attach a file to a case."""
        self.must_be_practitioner(*CASE_WRITERS)
        self.request_of(case)
        items = attaching.prepare(path, caption)
        with self.log.many():
            records = attaching.store(self, case, items)
        return self.written(records[0])

    def ask(
        self, case: RecordId, text: str, blob: str = "", region: str = "", original: bool = False
    ) -> Written:
        """Ask the other side; with `blob` about an attachment.

        With `region` the post sends that part of the picture in detail, with `original` all of it.
        """
        self.must_be_practitioner(*CASE_WRITERS)
        part = _region(region) if region else None
        if original and part is not None:
            raise UsageError("A part of a picture is not its original.", "Ask for one of the two.")
        if original or part is not None:
            of: RecordId | None = self._picture(case, blob, original=original)
            text = text.strip() or tr("Please send more of this picture.")
        else:
            of = self._attachment(case, blob) if blob else None
        return self.written(self.write(Ask(text.strip(), of, part), case))

    def _attachment(self, case: RecordId, blob: str) -> RecordId:
        """The record that announced an attachment."""
        digest = attaching.find_blob(self, case, blob).digest
        return next(a.id for a in self.case(case).attachments if a.body.digest == digest)

    def _picture(self, case: RecordId, blob: str, *, original: bool) -> RecordId:
        """The attachment meant by a wish for more of it: a picture with an original somewhere."""
        if blob:
            named = self.log.get(self._attachment(case, blob))
            found = requested.original_of(self, case, named) if named else None
            if named is None or found is None:
                raise UsageError("Attachment {blob} is not a picture.", "See them: xt show {case}",
                                 blob=blob, case=str(case))  # fmt: skip
            return found.id if original else named.id
        pictures = [a.id for a in self.case(case).attachments if a.body.blob is BlobKind.PICTURE]
        if len(pictures) != 1:
            raise UsageError("Case {case} has {count} pictures.", "Say which: --blob NUMBER",
                             case=str(case), count=len(pictures))  # fmt: skip
        return pictures[0]

    def ack(self, case: RecordId, done: bool, text: str) -> Written:
        """Say what became of the answer that stands."""
        self.must_be_practitioner(StationKind.POST)
        found = self.case(case)
        answer = found.answer
        if answer is None:
            raise NotFound(
                "There is no answer to case {case} yet.", "Fetch what is new: xt sync",
                case=str(case),
            )  # fmt: skip
        if not done and not text.strip():
            raise UsageError("Why was it not done?", "Write it: --not-done TEXT")
        record = self.write(Ack(answer.record.id, done, text.strip()), case)
        return self.written(record, _answer_warnings(found, self.clock()))

    def close_case(self, case: RecordId, outcome: str) -> Written:
        """Close a case. One that was never answered or acted on needs an outcome in words."""
        self.must_be_practitioner(StationKind.POST)
        found = self.case(case)
        if not found.acks and not outcome.strip():
            raise UsageError(
                "Nothing says what became of case {case}.",
                "Say first what was done (xt ack), or how it ended: xt close {case} --outcome TEXT",
                case=str(case),
            )
        return self.written(self.write(Closed(outcome.strip()), case))

    def dispense(self, case: RecordId, rx: str, text: str = "") -> Written:
        """Record that a prescription line was dispensed; a second time is refused."""
        self.must_be_practitioner(StationKind.POST)
        found = self.case(case)
        lines = found.prescriptions
        if not rx.isdecimal() or len(rx) > 4 or not 1 <= int(rx) <= len(lines):
            raise NotFound(
                "Case {case} has no prescription line {rx}.", "See them: xt show {case}",
                case=str(case), rx=rx,
            )  # fmt: skip
        line = lines[int(rx) - 1]
        if not line.open:
            raise UsageError(
                "Line {rx} of case {case} was dispensed or withdrawn already.",
                "Nothing was recorded. If the patient needs more, ask for a new prescription.",
                case=str(case), rx=rx,
            )  # fmt: skip
        record = self.write(Dispensed(line.line.id, text.strip()), case)
        return self.written(record, _answer_warnings(found, self.clock()))


def _answer_warnings(case: Case, now: float) -> list[str]:
    """What to say again when somebody acts on an answer."""
    warnings = []
    if case.recheck:
        warnings.append(tr("new findings came after this answer: ask again before acting on it"))
    if case.expired(now):
        warnings.append(tr("this advice has expired: ask again before acting on it"))
    return warnings


def _region(text: str) -> Region:
    """`X,Y,W,H` in thousandths of the picture's sides."""
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            "{text} is not a part of a picture.",
            "Write left,top,width,height in thousandths, such as 250,250,500,500.",
            text=text,
        ) from error
    return Region(left, top, width, height)


def _key(body: Request, blobs: list[bytes], day: str) -> str:
    """The same document again gives the same key: it is filed once, or once on `day`."""
    digest = hashlib.blake2s(f"{day}{body!r}".encode())
    for blob in blobs:
        digest.update(blob)
    return digest.hexdigest()
