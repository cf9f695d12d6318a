"""Pictures for a call: small, read back with care, and where they come from."""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageDraw

from xtcli.errors import BundleRejected, DeviceMissing, NotFound, UsageError
from xtcli.media.stills import DICTIONARY, shrink, unpack
from xtcli.media.stills_source import Camera, Folder, Video, open_source


def scene(width: int = 1600, height: int = 1200, seed: int = 1) -> Image.Image:
    """Something with edges and texture."""
    draw = Random(seed)
    image = Image.effect_noise((width, height), 40).convert("RGB")
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, size = draw.randrange(width), draw.randrange(height), draw.randrange(40, 300)
        colour = (draw.randrange(256), draw.randrange(256), draw.randrange(256))
        pen.ellipse((x, y, x + size, y + size // 2), fill=colour)
    return image


@pytest.mark.parametrize(("room", "size"), [(2_500, (480, 360)), (9_000, (640, 480))])
def test_a_picture_fits_the_room_and_comes_back(room: int, size: tuple[int, int]) -> None:
    data = shrink(scene(), room)
    assert room // 2 < len(data) <= room
    found = unpack(data)
    assert (found.width, found.height) == size
    assert len(found.data) - len(data) > 150


def test_where_nothing_fits_there_is_nothing() -> None:
    assert shrink(scene(), 100) == b""


def pack(file: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=DICTIONARY)
    return packer.compress(file) + packer.flush()


def test_what_is_no_still_is_refused(tmp_path: Path) -> None:
    """Not packed, cut short, with more behind it, a bomb, another format, too large a picture."""
    good = shrink(scene(), 2_500)
    png, big = tmp_path / "a.png", tmp_path / "a.avif"
    scene(64, 64).save(png)
    Image.new("RGB", (1_300, 20)).save(big)
    bad = [b"", b"hello", good[:-20], good + b"x", pack(bytes(1 << 20)), pack(png.read_bytes()),
           pack(big.read_bytes()), pack(b"")]  # fmt: skip
    for data in bad:
        with pytest.raises(BundleRejected):
            unpack(data)


def test_any_bytes_are_refused_or_read() -> None:
    good, draw = shrink(scene(), 2_500), Random(3)
    for _ in range(200):
        at = draw.randrange(len(good))
        broken = good[:at] + bytes([draw.randrange(256)]) + good[at + 1 :]
        try:
            unpack(broken)
        except BundleRejected:
            continue


def test_a_folder_gives_its_newest_picture_once(tmp_path: Path) -> None:
    folder = open_source(str(tmp_path))
    assert isinstance(folder, Folder)
    assert folder.newest(1.0) is None
    (tmp_path / "notes.txt").write_text("not a picture")
    scene(320, 240).save(tmp_path / "1.jpg")
    shot = folder.newest(2.0)
    assert shot is not None
    assert (shot[0].size, shot[1]) == ((320, 240), 2.0)
    assert folder.newest(3.0) is None
    whole = (tmp_path / "1.jpg").read_bytes()
    (tmp_path / "2.jpg").write_bytes(whole[: len(whole) // 8])
    assert folder.newest(4.0) is None
    (tmp_path / "2.jpg").write_bytes(whole + b"\0")
    assert folder.newest(5.0) is not None
    folder.close()


def film(path: Path, seconds: int) -> None:
    """A video of one grey a second, 5 frames a second."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for i in range(5 * seconds):
            grey = 40 * (i // 5) + 20
            frame = av.VideoFrame.from_image(Image.new("RGB", (160, 120), (grey, grey, grey)))
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def test_a_video_is_played_at_its_own_speed(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", 4)
    source = open_source(str(tmp_path / "a.mp4"))
    assert isinstance(source, Video)
    greys = []
    for now in (100.0, 101.5, 103.5, 110.0):
        shot = source.newest(now)
        pixel = shot[0].convert("L").getpixel((80, 60)) if shot is not None else None
        greys.append(pixel)
    source.close()
    assert greys[:3] == [pytest.approx(grey, abs=12) for grey in (20, 60, 140)]
    assert greys[3] == pytest.approx(140, abs=12)
    assert source.newest(111.0) is None


def test_a_camera_gives_its_newest_frame() -> None:
    """FFmpeg's test picture stands for the device: opened, read and closed in the same way."""
    camera = Camera("lavfi", "testsrc=size=320x240:rate=5", {})
    first = camera.newest(0.0)
    assert first is not None
    assert first[0].size == (320, 240)
    time.sleep(0.2)
    second = camera.newest(0.0)
    camera.close()
    assert second is not None
    assert second[1] > first[1]
    assert first[0].tobytes() != second[0].tobytes()


def test_no_camera_is_one_clear_sentence() -> None:
    for name in ("/dev/no-such-camera", ""):
        if not name and Path("/dev/video0").exists():
            continue
        with pytest.raises(DeviceMissing) as raised:
            Camera.open(name)
        assert "camera" in str(raised.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("not a video")
    with pytest.raises(UsageError):
        open_source(str(tmp_path / "a.mp4"))
    with pytest.raises(NotFound):
        open_source(str(tmp_path / "nothing.jpg"))
