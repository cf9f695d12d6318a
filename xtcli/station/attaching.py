"""Files become attachments: sniffed, made small, stored as blobs, announced by records.

A voice file becomes an Opus note, a photo a ladder of thumbnail, view and original; of the original
only the announcement travels until somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtcli.errors import NotFound, UsageError
from xtcli.records import codec, limits
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record, blob_digest
from xtcli.records.store import Delivery
from xtcli.records.types import Attach, Request
from xtcli.records.values import BlobKind
from xtcli.station import parcels, routing
from xtcli.station.core import StationCore

ATTACH_BYTES_MAX = parcels.PIECE_BYTES
CAPTION_CHARS_MAX = 200
BUNDLE_BYTES = 48 + 17 + 28
"""Around a small bundle: its seal, the link's frame, UDP and IPv4."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One blob ready to be attached. `travels` False: only its announcement is sent for now."""

    body: Attach
    data: bytes
    travels: bool = True


@dataclass(frozen=True, slots=True)
class Costs:
    """One part of what would be sent: `text`, or an attachment's kind; bytes on the link."""

    name: str
    size: int
    seconds: float | None
    """What it adds until it is there, the wait for what goes before it included, on the link as
    last measured; None when nothing was measured yet.
    """


def record_bytes(station: StationCore, body: Request) -> int:
    """Bytes that a request's record takes on the link, compressed and sealed as it will be."""
    from xtcli.transport.bundle.pack import Part, pack

    content = codec.content_of(
        body, station=station.number, seq=1, author=max(1, station.settings.practitioner),
        at=int(station.clock()), case=None,
    )  # fmt: skip
    # A signature does not compress, so any bytes of its length stand for it.
    raw = (content + bytes(limits.raw_bytes))[: limits.raw_bytes]
    return len(pack([Part(content, raw)])) + BUNDLE_BYTES


def prepare(path: Path, caption: str = "") -> list[Prepared]:
    """The blobs that a file becomes; UsageError when it cannot be read or is too large."""
    from xtcli.media.kinds import Kind, kind_of_file

    found = kind_of_file(path)
    if found.kind is Kind.VOICE:
        return [_voice(path, caption)]
    if found.kind is Kind.PICTURE:
        return _picture(path, caption)
    name = BlobKind.ECG if found.kind is Kind.ECG else BlobKind.DOCUMENT
    caption = caption or path.name[:CAPTION_CHARS_MAX]
    return [_plain(_read(path), found.media_type, name, caption)]


def prepare_voice(source: str, caption: str = "") -> list[Prepared]:
    """A voice note from a file, or from the microphone for `rec`."""
    if not source:
        return []
    if source == "rec":
        from xtcli.media.voice import make_note
        from xtcli.station.calls_meter import record_here

        note = make_note(record_here())
        return [note_item(note.data, note.seconds, caption)]
    return [_voice(Path(source), caption)]


def _voice(path: Path, caption: str) -> Prepared:
    from xtcli.media.voice import make_note

    note = make_note(path)
    return note_item(note.data, note.seconds, caption)


def note_item(data: bytes, seconds: float, caption: str) -> Prepared:
    """A finished voice note (Ogg Opus bytes), ready to be attached."""
    body = Attach(blob_digest(data), len(data), "audio/ogg", BlobKind.VOICE, caption,
                  max(1, round(seconds)))  # fmt: skip
    return Prepared(body, data)


def still_item(data: bytes, caption: str) -> Prepared:
    """A small picture (AVIF) that is all there is of it, ready to be attached."""
    return _plain(data, "image/avif", BlobKind.VIEW, caption)


def _plain(data: bytes, media_type: str, kind: BlobKind, caption: str) -> Prepared:
    return Prepared(Attach(blob_digest(data), len(data), media_type[:32], kind, caption), data)


def _picture(path: Path, caption: str) -> list[Prepared]:
    """Thumbnail and view travel; the original is announced and waits until it is asked for."""
    from xtcli.media.picture import make_picture

    steps = make_picture(path, path.name)
    if len(steps.original.data) > ATTACH_BYTES_MAX:
        raise _too_large(path.name, len(steps.original.data))
    original = blob_digest(steps.original.data)
    made = [
        (steps.thumbnail, BlobKind.THUMBNAIL, True),
        (steps.view, BlobKind.VIEW, True),
        (steps.original, BlobKind.PICTURE, False),
    ]
    found = []
    for step, kind, goes in made:
        derived = None if kind is BlobKind.PICTURE else original
        body = Attach(
            blob_digest(step.data), len(step.data), step.media_type, kind, caption,
            derived_from=derived,
        )  # fmt: skip
        found.append(Prepared(body, step.data, goes))
    return found


def _read(path: Path) -> bytes:
    """The bytes of a file a person named."""
    try:
        size = path.stat().st_size
        if size > ATTACH_BYTES_MAX:
            raise _too_large(path.name, size)
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "The file {file} cannot be read.", "Check its name and place.", file=str(path)
        ) from error


def _too_large(name: str, size: int) -> UsageError:
    return UsageError(
        "{file} has {size} MB; an attachment can have {limit}.",
        "Make it smaller, or send it another way.",
        file=name, size=f"{size / 1e6:.1f}", limit=f"{ATTACH_BYTES_MAX / 1e6:.1f}",
    )  # fmt: skip


def store(
    station: StationCore, case: RecordId, items: Sequence[Prepared], of: RecordId | None = None
) -> list[Record]:
    """Keep the blobs, write their records and queue the bytes for whom they concern."""
    records = []
    for item in items:
        station.blobs.put(item.data)
        body = item.body
        if of is not None:
            body = Attach(body.digest, body.size, body.media_type, body.blob, body.caption,
                          body.seconds, of, body.derived_from)  # fmt: skip
        record = station.write(body, case)
        records.append(record)
        if item.travels:
            queue_blob(station, record, record_peers(station, record))
    return records


def record_peers(station: StationCore, record: Record) -> list[int]:
    """The stations that get a record of ours."""
    return [delivery.peer for delivery in station.deliveries(record)]


def queue_blob(station: StationCore, record: Record, peers: Iterable[int]) -> None:
    """Queue the bytes of an attachment for `peers`."""
    body = record.body
    assert isinstance(body, Attach)
    for delivery in blob_deliveries(body, peers):
        station.log.queue(delivery.peer, body.digest, delivery.priority, size=delivery.size,
                          at=record.at)  # fmt: skip


def blob_deliveries(body: Attach, peers: Iterable[int]) -> list[Delivery]:
    """Deliveries of an attachment's bytes."""
    urgency = routing.blob_priority(body)
    return [Delivery(peer, urgency, body.digest, body.size) for peer in peers]


def travels(body: Attach) -> bool:
    """Whether the bytes of an attachment are sent without being asked for."""
    return body.blob is not BlobKind.PICTURE


def find_blob(station: StationCore, case: RecordId, prefix: str) -> Attach:
    """The attachment of a case whose number starts with `prefix` (or is its place, from 1)."""
    attachments = station.case(case).attachments
    if prefix.isdecimal() and len(prefix) < 3 and 1 <= int(prefix) <= len(attachments):
        return attachments[int(prefix) - 1].body
    found = {a.body.digest: a.body for a in attachments if a.body.digest.hex().startswith(prefix)}
    if len(found) == 1 and prefix:
        return next(iter(found.values()))
    if found:
        raise UsageError(
            "Several attachments start with {prefix}.", "Give more characters.", prefix=prefix
        )
    raise NotFound(
        "Case {case} has no attachment {prefix}.", "See them: xt show {case}",
        case=str(case), prefix=prefix or "-",
    )  # fmt: skip
