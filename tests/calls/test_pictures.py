"""A specialist asks for more of a picture; the post that announced it gives it, once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.calls.realm import DEPT, REQUEST, Realm, file_request, sync
from xtcli.errors import NotFound, UsageError
from xtcli.records.ids import RecordId
from xtcli.records.parts import Attachment
from xtcli.records.types import Kind
from xtcli.records.values import BlobKind
from xtcli.station import requested
from xtcli.station.attaching import Costs
from xtcli.station.forms import RequestForm
from xtcli.station.station import Station

SIDE = 1_200


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path)
    yield made
    made.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture whose four quarters have a colour each, with some texture."""
    noise = np.random.default_rng(4).integers(0, 12, (SIDE, SIDE, 3), dtype=np.uint8)
    half = SIDE // 2
    noise[:half, :half, 0] += 200
    noise[:half, half:, 1] += 200
    noise[half:, :half, 2] += 200
    noise[half:, half:] += 200
    path = tmp_path / "photo.jpg"
    Image.fromarray(noise).save(path, quality=90)
    return path


def attachments(station: Station, case: RecordId, kind: BlobKind) -> list[Attachment]:
    return [a for a in station.case(case).attachments if a.body.blob is kind]


def colour(data: bytes) -> tuple[float, ...]:
    """The mean colour of a picture."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return tuple(float(value) for value in pixels.mean(axis=(0, 1)))


def test_the_original_and_a_part_travel_when_asked_for(realm: Realm, photo: Path) -> None:
    """Through a real hub: first only thumbnail and view, then what was asked, then nothing more."""
    desk = realm.join("诊台", "desk", DEPT)
    post = realm.join("卫生室")
    case = file_request(post, attach=[str(photo)])
    sync(post, desk)
    original = attachments(desk, case, BlobKind.PICTURE)[0]
    assert not original.whole
    assert all(a.whole for a in attachments(desk, case, BlobKind.VIEW))
    with pytest.raises(NotFound):
        desk.blob(case, original.body.digest.hex())

    desk.ask(case, "请看右上角", blob=attachments(desk, case, BlobKind.VIEW)[0].body.digest.hex(),
             region="600,100,300,300")  # fmt: skip
    sync(desk, post, desk)
    crop = attachments(desk, case, BlobKind.VIEW)[-1]
    asked = [e.record for e in desk.case(case).entries if e.record.kind is Kind.ASK]
    assert crop.body.of == asked[0].id
    assert crop.body.derived_from == original.body.digest
    assert crop.author == post.settings.practitioner
    red, green, blue = colour(desk.blobs.read(crop.body.digest))
    assert green > 180
    assert max(red, blue) < 40

    desk.ask(case, "", original=True)
    sync(desk, post, desk)
    assert desk.blob(case, original.body.digest.hex()) == post.blobs.read(original.body.digest)

    count = len(post.case(case).entries)
    sync(post, desk, post)
    assert len(post.case(case).entries) == count


def test_a_crash_after_arrival_loses_no_wish(
    realm: Realm, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrived and was not given is given by the next process, and only once."""
    desk = realm.join("诊台", "desk", DEPT)
    post = realm.join("卫生室")
    case = file_request(post, attach=[str(photo)])
    sync(post, desk)
    desk.ask(case, "", region="0,0,500,500")
    sync(desk)
    with monkeypatch.context() as patch:
        patch.setattr(requested.Giver, "step", _does_nothing)
        sync(post)
    before = len(attachments(post, case, BlobKind.VIEW))
    sync(post)
    assert len(attachments(post, case, BlobKind.VIEW)) == before + 1
    asks = requested.asked(post)
    assert requested.honour(post, asks) == 0
    assert len(attachments(post, case, BlobKind.VIEW)) == before + 1


async def _does_nothing(self: requested.Giver) -> bool:
    """A process that dies before it gives."""
    return False


def test_a_question_alone_gives_nothing(realm: Realm, photo: Path) -> None:
    """Naming a view without a region asks a person, not the station."""
    desk = realm.join("诊台", "desk", DEPT)
    post = realm.join("卫生室")
    case = file_request(post, attach=[str(photo)])
    sync(post, desk)
    view = attachments(desk, case, BlobKind.VIEW)[0]
    desk.ask(case, "这是左手还是右手？", blob=view.body.digest.hex())
    sync(desk)
    waiting = post.log.waiting(1).blobs
    sync(post)
    assert len(attachments(post, case, BlobKind.VIEW)) == 1
    assert post.log.waiting(1).blobs == waiting


def test_wishes_that_make_no_sense_are_refused(realm: Realm, tmp_path: Path) -> None:
    post = realm.join("卫生室")
    text = tmp_path / "a.txt"
    text.write_text("化验单", encoding="utf-8")
    case = file_request(post, attach=[str(text)])
    with pytest.raises(UsageError):
        post.ask(case, "", original=True)
    with pytest.raises(UsageError):
        post.ask(case, "", blob="1", region="0,0,500,500")
    with pytest.raises(UsageError):
        post.ask(case, "", blob="1", region="0,0,500,500", original=True)
    with pytest.raises(UsageError):
        post.ask(case, "", blob="1", region="900,0,500,500")


def test_what_each_part_costs_is_shown_before_anything_is_saved(realm: Realm, photo: Path) -> None:
    """Text, voice, thumbnail, view: in the order they travel; the original is not among them."""
    post = realm.join("卫生室")
    shown: list[tuple[Costs, ...]] = []
    voice = Path(__file__).parents[1] / "data" / "speech" / "zh" / "SSB01450004.wav"
    form = RequestForm.from_document({**REQUEST, "attach": [str(photo)], "voice": str(voice)})
    saved: list[int] = []

    def show(costs: tuple[Costs, ...]) -> None:
        shown.append(costs)
        saved.append(len(post.cases()))

    post.file(form, show)
    assert [one.name for one in shown[0]] == ["text", "voice", "thumbnail", "view"]
    assert 200 < shown[0][0].size < 900
    assert shown[0][2].size < 1_700
    assert saved == [0]
