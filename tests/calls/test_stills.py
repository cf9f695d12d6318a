"""Pictures in a whole call: shown from a folder, seen as a file, kept only by consent."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.calls.realm import sync, until
from tests.calls.test_call import DESK_SAYS, POST_SAYS, World, likeness
from xtcli.errors import DeviceMissing
from xtcli.records.types import Attach
from xtcli.records.values import BlobKind
from xtcli.station import calls_keep
from xtcli.station.calls_stills import files_of
from xtcli.station.station import Station

pytestmark = pytest.mark.realtime


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.realm.close()


def draw(path: Path, text: str) -> None:
    """A picture of something."""
    image = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((150, 80, 620, 520), fill=(190, 40, 40))
    pen.text((40, 40), text, fill="black", font_size=60)
    image.save(path)


def longer(speech: Path, path: Path) -> Path:
    """The same speech three times."""
    with wave.open(str(speech)) as file, wave.open(str(path), "wb") as made:
        made.setparams(file.getparams())
        made.writeframes(3 * file.readframes(file.getnframes()))
    return path


def pictures_in(station: Station, world: World) -> list[Attach]:
    attachments = station.case(world.case).attachments
    return [a.body for a in attachments if a.body.blob is BlobKind.VIEW]


def test_pictures_travel_beside_speech_and_are_kept_as_agreed(world: World) -> None:
    """The post shows a folder; the desk sees its newest picture; both agreed to keep the call."""
    shown = world.root / "camera"
    shown.mkdir()
    draw(shown / "1.jpg", "one")
    watcher = world.realm.watch("诊台")
    says = longer(POST_SAYS, world.root / "says.wav")
    caller = world.call(world.post, says, stills=str(shown), keep=True)
    assert until(watcher.rings)
    called = world.call(world.desk, DESK_SAYS, accept=True, seconds=60.0)
    assert until(lambda: len(called.stills) == 1, 60.0)
    assert called.stills[0].path.exists()
    with Image.open(called.stills[0].path) as seen:
        assert seen.size == (called.stills[0].width, called.stills[0].height) == (480, 360)
        assert seen.convert("RGB").getpixel((240, 190)) == pytest.approx((190, 40, 40), abs=30)
    assert called.stills[0].age_s < 60
    assert until(lambda: called.views[-1].still is not None)
    caller.hang_up()
    made, taken = caller.wait(), called.wait()
    assert likeness(DESK_SAYS, world.heard(world.post)) > 0.8
    assert (made.stills_sent, taken.stills_received) == (1, 1)
    assert len(pictures_in(world.desk, world)) == 1
    sync(world.desk)
    assert pictures_in(world.desk, world)[0].caption.startswith("Picture of the call")
    for station in (world.post, world.desk):
        assert not list((station.home.root / calls_keep.FOLDER).iterdir())


def test_pictures_of_a_call_that_is_not_kept_leave_nothing(world: World) -> None:
    """Both sides show one; there is no trace afterwards, in the case or on the disk."""
    draw(world.root / "post.png", "post")
    draw(world.root / "desk.png", "desk")
    watcher = world.realm.watch("诊台")
    says = longer(POST_SAYS, world.root / "says.wav")
    caller = world.call(world.post, says, stills=str(world.root / "post.png"))
    assert until(watcher.rings)
    called = world.call(
        world.desk, DESK_SAYS, accept=True, seconds=60.0, stills=str(world.root / "desk.png")
    )
    assert until(lambda: bool(called.stills and caller.stills), 60.0)
    folder = world.desk.home.root / calls_keep.FOLDER
    assert len(list(folder.glob("*.avif"))) == 1
    assert (called.stills[0].path.stat().st_mode & 0o777) == 0o600
    caller.hang_up()
    caller.wait()
    called.wait()
    for station in (world.post, world.desk):
        assert pictures_in(station, world) == []
        assert not list((station.home.root / calls_keep.FOLDER).iterdir())


def test_without_a_camera_nobody_is_rung(world: World) -> None:
    watcher = world.realm.watch("诊台")
    failed = world.call(world.post, POST_SAYS, stills="camera:/dev/no-such-camera").fails()
    assert isinstance(failed, DeviceMissing)
    assert not watcher.rings()


def test_a_kept_call_gives_twelve_pictures_at_most(world: World) -> None:
    """Evenly over the call, the first and the last among them."""
    home = world.desk.home
    kept = calls_keep.Kept("ab" * 8, world.case, 1, 1_700_000_000, 60, 5, True, True)
    calls_keep.save(home, kept)
    folder = home.root / calls_keep.FOLDER
    for i in range(30):
        (folder / f"{kept.key}.{i:05d}.avif").write_bytes(b"picture %d" % i)
    assert len(files_of(folder, kept.key)) == 30
    calls_keep.finish(world.desk, kept)
    found = pictures_in(world.desk, world)
    assert len(found) == calls_keep.STILLS_KEPT_MAX
    blobs = [world.desk.blobs.read(one.digest) for one in found]
    assert blobs[0] == b"picture 0"
    assert blobs[-1] == b"picture 29"
    assert files_of(folder, kept.key) == []
