"""Files become attachments: sniffed, made small, stored as blobs, announced by records.

A voice file becomes an Opus note, a photo a ladder of thumbnail, view and original; of the original
only the announcement travels until somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtcli.errors import NotFound, UsageError
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record, blob_digest
from xtcli.records.store import Delivery
from xtcli.records.types import Attach
from xtcli.records.values import BlobKind
from xtcli.station import parcels, priority, routing
from xtcli.station.core import StationCore

ATTACH_BYTES_MAX = parcels.PIECE_BYTES
CAPTION_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Prepared:
    """One blob ready to be attached. `travels` False: only its announcement is sent for now."""

    body: Attach
    data: bytes
    travels: bool = True


def prepare(path: Path, caption: str = "") -> list[Prepared]:
    """The blobs that a file becomes; UsageError when it cannot be read or is too large."""
    from xtcli.media.kinds import sniff

    data = _read(path)
    found = sniff(data, path.name)
    kind = found.kind
    if kind == "voice":
        return [_voice(path, caption)]
    if kind == "picture":
        return _picture(data, caption)
    name = BlobKind.ECG if kind == "ecg" else BlobKind.DOCUMENT
    return [_plain(data, found.media_type, name, caption or path.name[:CAPTION_CHARS_MAX])]


def prepare_voice(source: str, caption: str = "") -> list[Prepared]:
    """A voice note from a file, or from the microphone for `rec`."""
    if not source:
        return []
    if source == "rec":
        from xtcli.media.devices import record_note

        note = record_note()
        return [_note(note.data, note.seconds, caption)]
    return [_voice(Path(source), caption)]


def _voice(path: Path, caption: str) -> Prepared:
    from xtcli.media.voice import make_note

    _read(path)
    note = make_note(path)
    return _note(note.data, note.seconds, caption)


def _note(data: bytes, seconds: float, caption: str) -> Prepared:
    body = Attach(blob_digest(data), len(data), "audio/ogg", BlobKind.VOICE, caption,
                  max(1, round(seconds)))  # fmt: skip
    return Prepared(body, data)


def _plain(data: bytes, media_type: str, kind: BlobKind, caption: str) -> Prepared:
    return Prepared(Attach(blob_digest(data), len(data), media_type[:32], kind, caption), data)


def _picture(data: bytes, caption: str) -> list[Prepared]:
    """Thumbnail and view travel; the original is announced and waits until it is asked for."""
    from xtcli.media.picture import ladder

    rungs = ladder(data)
    original = blob_digest(rungs.original.data)
    made = [
        (rungs.thumbnail, BlobKind.THUMBNAIL, True),
        (rungs.view, BlobKind.VIEW, True),
        (rungs.original, BlobKind.PICTURE, False),
    ]
    found = []
    for rung, kind, travels in made:
        derived = None if kind is BlobKind.PICTURE else original
        body = Attach(blob_digest(rung.data), len(rung.data), rung.media_type, kind,
                      caption, derived_from=derived)  # fmt: skip
        found.append(Prepared(body, rung.data, travels))
    return found


def _read(path: Path) -> bytes:
    """The bytes of a file a person named."""
    try:
        size = path.stat().st_size
        if size > ATTACH_BYTES_MAX:
            raise UsageError(
                "{file} has {size} MB; an attachment can have {limit}.",
                "Make it smaller, or send it another way.",
                file=path.name, size=f"{size / 1e6:.1f}", limit=f"{ATTACH_BYTES_MAX / 1e6:.1f}",
            )  # fmt: skip
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "The file {file} cannot be read.", "Check its name and place.", file=str(path)
        ) from error


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
    if prefix.isdigit() and len(prefix) < 3 and 1 <= int(prefix) <= len(attachments):
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


IMAGE_PRIORITY = priority.IMAGE
