"""A station that was let in and means harm: what it can pile up at the hub is bounded.

It has its own keys and a genuine link, so everything it sends is authentic; it is only malicious.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.calm import Calm, at, form
from tests.sim.nodes import Outpost
from xtcli.errors import DiskFull
from xtcli.records import aside, limits
from xtcli.records.ids import RecordId
from xtcli.records.sign import author, blob_digest
from xtcli.records.types import Ask, Attach, Note
from xtcli.records.values import BlobKind
from xtcli.station import intake, parcels
from xtcli.station.exchange import FILL_MAX, Exchange
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.events import LinkConfig
from xtcli.transport.link.frames import Symbol, pack_content
from xtcli.transport.link.keys import Seal, link_key

BUNDLES = 1_500
SYMBOL_BYTES = 1_100
BUNDLE_BYTES = 1 << 20


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Calm]:
    made = Calm(tmp_path)
    yield made
    made.close()


def take(calm: Calm, parts: list[Part], peer: int) -> intake.Arrival:
    """The hub takes an opened bundle of a station."""
    assert calm.hub.core is not None
    return calm.hub.core.intake.take(parts, peer)


def test_endless_partial_bundles(calm: Calm) -> None:
    """The hub keeps the newest few, in memory and on disk, and still takes a consult."""
    station, hub = at(calm.post), calm.hub
    calm.let(5)
    key = link_key(station.keys.station_seal, station.settings.hub_seal, station.settings.realm)
    seal = Seal(key, station.number, 1)
    for number in range(BUNDLES):
        tag = number.to_bytes(4, "big")
        frame = Symbol(tag, 0, BUNDLE_BYTES, b"\7" * SYMBOL_BYTES, 5)
        content = pack_content(station.number, 1_000_000 + number, [], frame, report=False)
        hub.receive(content + seal.tag(content), calm.post.address)
    calm.let(5)
    bounds = LinkConfig()
    node = hub.links.links[station.number]
    assert 0 < len(node.link.inbox.partial) <= bounds.partial_bundles_max
    assert hub.spool is not None
    kept = hub.spool.kept(station.number)
    assert 0 < len(kept) <= bounds.partial_bundles_max + 64
    case = calm.file()
    other = at(calm.other_post)
    theirs = other.file(form(born="1970-01-01")).case
    calm.let(120)
    assert calm.hub_station.log.get(theirs) is not None
    assert calm.hub_station.log.get(case) is not None


def test_endless_records_of_unknown_authors(calm: Calm) -> None:
    """So many are held for one sender and no more; another's are still held."""
    case = calm.file()
    station = at(calm.post)

    def made(seq: int, by: int) -> Part:
        return parcels.record_part(author(
            Ask("?"), station=calm.post.number, seq=seq, author=by, at=1_800_000_000, case=case,
            prev=b"\1" * 8, signer=station.practitioner_signer, realm=station.settings.realm,
        ))  # fmt: skip

    most = aside.held_per_sender_max
    for first in range(0, most + 600, 200):
        take(calm, [made(100 + first + n, 30_000) for n in range(200)], calm.post.number)
    log = calm.hub_station.log
    assert log.held_count() == most
    take(calm, [made(90_000, 30_001)], calm.other_post.number)
    assert log.held_count() == most + 1
    calm.let(30)
    assert log.get(case) is not None


def test_unreadable_parts(calm: Calm) -> None:
    """Of a bundle full of rubbish a little is kept aside, cut short; all is counted."""
    parts = [Part(b"\x9a\x63" + n.to_bytes(4, "big") + b"x" * 60_000, b"y" * 60_000)
             for n in range(200)]  # fmt: skip
    arrival = take(calm, parts, calm.post.number)
    assert arrival.refused == len(parts)
    kept = calm.hub_station.log.refused(1_000)
    assert 0 < len(kept) <= intake.ASIDE_MAX
    assert max(len(one.content) + len(one.raw) for one in kept) <= 2 * intake.ASIDE_BYTES_MAX
    assert take(calm, parts * 10, calm.post.number).refused == 2_000


def test_unfinished_attachments_keep_nobody_out(calm: Calm) -> None:
    """A whole attachment of another station is taken when the room for partial ones is used up."""
    for number in range(300):
        piece = parcels.Piece(number.to_bytes(16, "big"), 5_000_000, 0, b"z" * 10)
        take(calm, [piece.part()], calm.post.number)
    data = b"%PDF-1.4\n" + b"q" * 500
    digest = at(calm.other_post).blobs.put(data)
    whole = parcels.Piece(digest, len(data), 0, data)
    assert take(calm, [whole.part()], calm.other_post.number).blobs == [digest]


def test_many_scattered_records_are_all_confirmed(calm: Calm) -> None:
    """More runs of records than one receipt can name: several receipts, and no error."""
    post = at(calm.post)
    calm.hub.die()
    case = calm.file()
    with post.log.many():
        notes = [post.write(Note(f"{n}"), case).id for n in range(2 * limits.spans_max + 20)]
    calm._start(calm.hub)
    scattered = [case, *notes[::2]]
    records = [record for item in scattered if (record := post.log.get(item))]
    arrival = take(calm, [parcels.record_part(record) for record in records], calm.post.number)
    assert len(arrival.new) == len(scattered)
    calm.let(120)
    assert all(1 in post.log.confirmed(item) for item in (case, *notes))


@pytest.mark.parametrize(
    "error", [DiskFull("Too much already waits to be sent to this station."), ValueError("a bug")]
)
def test_one_full_outbox_does_not_stop_the_others(
    calm: Calm, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever is wrong with what waits for one station, everybody else is still served."""
    plain = Exchange.fill

    def full(exchange: Exchange, now: float) -> int:
        if exchange.peer == calm.other_desk.number and exchange.station is calm.hub.station:
            raise error
        return plain(exchange, now)

    monkeypatch.setattr(Exchange, "fill", full)
    assert calm.hub.station is not None
    calm.hub_station.log.queue(calm.other_desk.number, calm.file())
    case = calm.file()
    calm.let(10)
    assert at(calm.desk).log.get(case) is not None
    assert 1 in at(calm.post).log.confirmed(case)
    assert calm.hub.troubles


def test_a_bundle_that_breaks_the_hub_stops_nobody_else(
    calm: Calm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever mistake of ours a bundle hits, those that came with it are committed."""
    plain = intake.Intake.take

    def broken(self: intake.Intake, parts: list[Part], peer: int, via: str = "") -> intake.Arrival:
        if self.station is calm.hub.station and peer == calm.other_post.number:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return plain(self, parts, peer, via)

    monkeypatch.setattr(intake.Intake, "take", broken)
    at(calm.other_post).file(form(born="1970-01-01"))
    case = calm.file()
    calm.let(10)
    assert 1 in at(calm.post).log.confirmed(case)
    assert "OverflowError" in calm.hub.troubles[0]


def announced(calm: Calm, outpost: Outpost, case: RecordId, data: bytes) -> bytes:
    """A voice note that a post has announced and sends."""
    post = at(outpost)
    digest = post.blobs.put(data)
    with post.log.many():
        post.write(Attach(digest, len(data), "audio/ogg", BlobKind.VOICE, "", 3), case)
        post.log.queue(1, digest, 3, size=len(data))
    return digest


def test_attachments_that_never_come_keep_no_others_back(calm: Calm) -> None:
    """More of them are announced than are looked at in one filling."""
    case, post = calm.file(), at(calm.post)
    with post.log.many():
        for number in range(FILL_MAX + 10):
            body = Attach(number.to_bytes(16, "big"), 900, "audio/ogg", BlobKind.VOICE, "", 3)
            post.write(body, case)
    calm.let(120)
    theirs = at(calm.other_post).file(form(born="1970-01-01")).case
    note = announced(calm, calm.other_post, theirs, b"OggS" + bytes(500))
    calm.let(120)
    assert calm.hub_station.blobs.has(note)
    assert at(calm.desk).blobs.has(note)


def test_a_lost_file_keeps_nothing_else_back(calm: Calm) -> None:
    """The row says that a blob is whole, its file is gone: all else is delivered to everybody."""
    hub = calm.hub_station
    lost = hub.blobs.put(b"OggS" + bytes(300))
    hub.blobs.path(lost).unlink()
    hub.log.queue(calm.desk.number, lost, 0, size=304)
    case = calm.file()
    calm.let(30)
    assert at(calm.desk).log.get(case) is not None
    assert 1 in at(calm.post).log.confirmed(case)


def test_an_attachment_that_fits_no_bundle_stops_nobody(calm: Calm) -> None:
    """Announced as any, sent in pieces: it is not taken, for it could not be passed on. One that an
    earlier version has taken stays where it is, and all else is passed on."""
    case, post, hub = calm.file(), at(calm.post), calm.hub_station
    data = bytes(2 * parcels.PIECE_BYTES)
    digest = blob_digest(data)
    post.write(Attach(digest, len(data), "application/pdf", BlobKind.DOCUMENT, "", 0), case)
    calm.let(5)
    step = parcels.PIECE_BYTES
    for first in range(0, len(data), step):
        piece = parcels.Piece(digest, len(data), first, data[first : first + step])
        assert take(calm, [piece.part()], calm.post.number).refused == 1
    assert not hub.blobs.size(digest)
    hub.blobs.put(data)
    assert [one.item for one in hub.log.pending(calm.desk.number, ready=True)] == [digest]
    theirs = at(calm.other_post).file(form(born="1970-01-01")).case
    calm.let(120)
    assert 1 in at(calm.other_post).log.confirmed(theirs)
    assert at(calm.desk).log.get(theirs) is not None
