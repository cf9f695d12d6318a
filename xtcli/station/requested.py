"""Pictures on demand: what a question asks for is sent by the station that announced it.

Of a photo only thumbnail and view travel by themselves; the original is announced and stays. A
question (`Ask`) whose `of` is the announced original asks for its bytes; one with a `region` asks
for that part of it in detail; any other question asks for nothing but an answer.

A crop is signed by the practitioner who announced the original, without asking anew. That is
honest because it claims nothing new: this person said "this picture belongs to the case", the crop
is a part of that picture, `derived_from` names the original, `of` names the question, and anybody
who has the original can make the same crop again. Somebody else's original is never cut here.

Honouring is idempotent: it is marked in the transaction that queues the bytes, so a crash between
arrival and honouring is made good at the next start (`asked`). It refuses to know links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xtcli.errors import DiskFull, XtError
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record, blob_digest
from xtcli.records.types import Ask, Attach, Kind
from xtcli.records.values import BlobKind, Region
from xtcli.station import attaching, routing
from xtcli.station.core import StationCore


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one question asks for. `region` None: the whole original."""

    ask: Record
    original: Record
    """The record that announced the original."""
    region: Region | None

    @property
    def announced(self) -> Attach:
        """The announcement's body."""
        assert isinstance(self.original.body, Attach)
        return self.original.body


def wanted(station: StationCore, ask: Record) -> Wanted | None:
    """What `ask` asks for; None when it is only a question, or about no picture of its case."""
    body = ask.body
    if not isinstance(body, Ask) or body.of is None or ask.case is None:
        return None
    named = station.log.get(body.of)
    if named is None or named.case != ask.case or not isinstance(named.body, Attach):
        return None
    if body.region is None and named.body.blob is not BlobKind.PICTURE:
        return None
    original = original_of(station, ask.case, named)
    return Wanted(ask, original, body.region) if original is not None else None


def original_of(station: StationCore, case: RecordId, named: Record) -> Record | None:
    """The announcement of the original that an attachment is, or was made from."""
    body = named.body
    if not isinstance(body, Attach):
        return None
    digest = body.digest if body.blob is BlobKind.PICTURE else body.derived_from
    for attachment in station.case(case).attachments:
        if attachment.body.digest == digest and attachment.body.blob is BlobKind.PICTURE:
            return station.log.get(attachment.id)
    return None


# At the station that announced the original


def mine(station: StationCore, ask: Record) -> Wanted | None:
    """What `ask` wants of this station and has not been given yet."""
    if ask.kind is not Kind.ASK or ask.id.station == station.number:
        return None
    want = wanted(station, ask)
    if want is None or want.original.id.station != station.number:
        return None
    if want.region is not None and want.original.author != station.settings.practitioner:
        return None
    if station.log.by_key(_mark(ask)) is not None:
        return None
    return want if station.blobs.has(want.announced.digest) else None


def cut(want: Wanted, original: bytes) -> attaching.Prepared | None:
    """The crop that is wanted; None when the original itself is, or it cannot be cut.

    Slow (about a second) and touches nothing, so it may run in another thread.
    """
    if want.region is None:
        return None
    from xtcli.media import picture

    part = want.region
    region = picture.Region(
        part.left / 1000, part.top / 1000, part.width / 1000, part.height / 1000
    )
    try:
        made = picture.crop(original, region)
    except XtError:
        return None
    body = Attach(
        blob_digest(made.data), len(made.data), made.media_type, BlobKind.VIEW,
        want.announced.caption, of=want.ask.id, derived_from=want.announced.digest,
    )  # fmt: skip
    return attaching.Prepared(body, made.data)


def give(station: StationCore, want: Wanted, crop: attaching.Prepared | None) -> None:
    """Queue what is wanted and mark it as given, in one transaction."""
    assert want.ask.case is not None
    with station.log.many():
        if station.log.by_key(_mark(want.ask)) is not None:
            return
        if crop is not None:
            attaching.store(station, want.ask.case, [crop], of=want.ask.id)
        elif want.region is None:
            # A hub tells the one who asks; everybody else tells the hub, which does the same.
            peer = want.ask.id.station if station.number == routing.HUB else routing.HUB
            attaching.queue_blob(station, want.original, [peer])
        station.log.remember_key(_mark(want.ask), want.ask.id)


def honour(station: StationCore, records: Iterable[Record]) -> int:
    """Give what these records ask of this station; how many questions that were.

    A picture that cannot be cut is passed over: the question itself still stands for a person.
    """
    given = 0
    for record in records:
        want = mine(station, record)
        if want is None:
            continue
        try:
            give(station, want, cut(want, station.blobs.read(want.announced.digest)))
        except DiskFull:
            raise
        except XtError:
            continue
        given += 1
    return given


def asked(station: StationCore) -> list[Record]:
    """Every question here: what a crash left undone is found by asking `mine` of each."""
    return station.log.of_kinds([Kind.ASK])


class Giver:
    """Gives what is asked while a link runs; cuts in a thread, so that no call is disturbed."""

    def __init__(self, station: StationCore) -> None:
        """Begin with what a crash may have left undone."""
        self.station = station
        self._asks = asked(station)

    def note(self, records: Iterable[Record]) -> None:
        """These arrived."""
        self._asks += [record for record in records if record.kind is Kind.ASK]

    async def step(self) -> bool:
        """Give everything that was asked; True when that put anything into the outbox."""
        import asyncio

        given = False
        while self._asks:
            want = mine(self.station, self._asks.pop(0))
            if want is None:
                continue
            data = self.station.blobs.read(want.announced.digest)
            crop = await asyncio.to_thread(cut, want, data)
            give(self.station, want, crop)
            given = True
        return given


def _mark(ask: Record) -> str:
    return f"asked:{ask.id}"
