"""The picture ladder: sizes, upright, nothing left of place and device, bombs and strangers."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from xtcli.errors import NotFound, UsageError
from xtcli.media import jpeg, picture

SECRETS = (b"GPS", b"SECRETCAM", b"2026:11:21", b"Exif", b"xpacket", b"43.8", b"hidden")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRETCAM xpacket 43.8</x:xmpmeta>'


def skin(width: int = 1600, height: int = 1200) -> Image.Image:
    """A picture with large shapes, fine grain and a bright mark at the top left."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:height, 0:width]
    base = 150 + 60 * np.sin(x / 90) * np.cos(y / 70) + rng.normal(0, 12, (height, width))
    spot = 90 * np.exp(-(((x - width / 2) ** 2 + (y - height / 2) ** 2) / (2 * 120**2)))
    rgb = np.stack([base + 30, base - spot, base - 20 - spot], axis=-1)
    rgb[: height // 8, : width // 8] = (255, 255, 255)
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


def exif(orientation: int) -> Image.Exif:
    """What a phone writes: camera, time, place, and how it was held."""
    found = Image.Exif()
    found[0x010F] = found[0x0110] = "SECRETCAM"
    found[0x0132] = "2026:11:21 09:00:00"
    found[0x0112] = orientation
    found.get_ifd(0x8825)[1] = "N"
    found.get_ifd(0x8825)[2] = (43.8, 0.0, 0.0)
    return found


def phone_jpeg(orientation: int = 1, image: Image.Image | None = None) -> bytes:
    """A photo as it comes from a phone, with a hidden video after its end."""
    room = io.BytesIO()
    (image or skin()).save(
        room, "JPEG", quality=90, exif=exif(orientation), xmp=XMP, comment=b"SECRETCAM"
    )
    return room.getvalue() + b"hidden video" * 50


def opened(rendition: picture.Rendition) -> Image.Image:
    image = Image.open(io.BytesIO(rendition.data))
    image.load()
    return image


def mark_corner(image: Image.Image) -> str:
    """Which corner of the upright picture holds the white mark."""
    values = np.asarray(image.convert("L"), float)
    h, w = (max(1, side // 10) for side in values.shape)
    corners = {
        "top left": values[:h, :w],
        "top right": values[:h, -w:],
        "bottom left": values[-h:, :w],
        "bottom right": values[-h:, -w:],
    }
    return max(corners, key=lambda name: float(corners[name].mean()))


def test_ladder_keeps_its_budgets() -> None:
    source = phone_jpeg()
    made = picture.make_picture(source)
    assert len(made.thumbnail.data) <= 1_500
    assert len(made.view.data) <= 15_000
    assert max(made.thumbnail.width, made.thumbnail.height) == 160
    assert max(made.view.width, made.view.height) == 1_024
    assert (made.original.width, made.original.height) == (1600, 1200)
    for step in (made.thumbnail, made.view, made.original):
        assert opened(step).size == (step.width, step.height)
    assert made.view.media_type == "image/avif"


def test_nothing_tells_where_or_with_what() -> None:
    source = phone_jpeg(6, skin(600, 400))
    assert all(secret in source for secret in (b"SECRETCAM", b"hidden", b"xpacket"))
    made = picture.make_picture(source)
    for step in (made.thumbnail, made.view, made.original):
        found = [secret for secret in SECRETS if secret in step.data and secret != b"Exif"]
        assert found == []
        tags = dict(opened(step).getexif())
        assert set(tags) <= {0x0112}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(orientation: int) -> None:
    """The mark is at the top left when a viewer that obeys Exif shows any step."""
    turned = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    image = skin(800, 600)
    stored = image if turned is None else image.transpose(turned)
    made = picture.make_picture(phone_jpeg(orientation, stored), form="JPEG")
    assert (made.original.width, made.original.height) == (800, 600)
    for step in (made.thumbnail, made.view):
        assert mark_corner(opened(step)) == "top left"
    again = picture.make_picture(made.original.data, form="JPEG")
    assert mark_corner(opened(again.view)) == "top left"
    assert again.original.data == made.original.data


def test_original_jpeg_loses_no_pixel() -> None:
    source = phone_jpeg()
    kept = picture.make_picture(source, form="JPEG").original
    assert kept.media_type == "image/jpeg"
    assert np.array_equal(np.asarray(opened(kept)), np.asarray(Image.open(io.BytesIO(source))))
    assert len(kept.data) < len(source)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    room = io.BytesIO()
    image.save(room, form, **options)
    return room.getvalue()


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "TIFF"])
def test_lossless_formats_stay_lossless(form: str) -> None:
    image = skin(200, 150).quantize(64) if form == "GIF" else skin(200, 150)
    source = saved(image, form)
    kept = picture.make_picture(source).original
    assert kept.media_type == "image/png"
    before = np.asarray(Image.open(io.BytesIO(source)).convert("RGB"))
    assert np.array_equal(np.asarray(opened(kept).convert("RGB")), before)


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
def test_other_lossy_formats_stay_close(form: str) -> None:
    source = saved(skin(400, 300), form, quality=90, exif=exif(1))
    kept = picture.make_picture(source, form="JPEG").original
    assert kept.media_type == "image/avif"
    assert b"SECRETCAM" not in kept.data
    before = np.asarray(Image.open(io.BytesIO(source)).convert("RGB"), float)
    error = np.mean((np.asarray(opened(kept).convert("RGB"), float) - before) ** 2)
    assert 10 * np.log10(255**2 / error) > 36


def test_text_in_a_png_is_removed() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "SECRETCAM")
    made = picture.make_picture(saved(skin(100, 80), "PNG", pnginfo=notes))
    assert b"SECRETCAM" not in made.original.data


def test_xray_of_sixteen_bits() -> None:
    """Twelve used bits of sixteen: the original keeps them, the view shows them."""
    values = (np.mgrid[0:300, 0:400][1] * 10).astype(np.uint16)
    source = saved(Image.fromarray(values), "PNG")
    made = picture.make_picture(source)
    assert np.array_equal(np.asarray(opened(made.original)), values)
    shown = np.asarray(opened(made.view).convert("L"), float)
    assert shown.min() < 10
    assert shown.max() > 245


def test_wide_colours_become_srgb() -> None:
    """A picture whose profile is not sRGB is converted, since the profile does not travel."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    source = saved(skin(200, 150), "JPEG", icc_profile=profile)
    assert b"ICC_PROFILE" not in picture.make_picture(source).original.data
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = picture.make_picture(saved(skin(200, 150), "JPEG", icc_profile=standard)).original
    assert b"ICC_PROFILE" not in kept.data


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    made = picture.make_picture(saved(image, "PNG"))
    assert np.asarray(opened(made.view).convert("L")).min() > 250


def test_view_of_noise_still_fits() -> None:
    """The worst picture for a codec loses pixels rather than the budget."""
    noise = np.random.default_rng(1).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    made = picture.make_picture(saved(Image.fromarray(noise), "JPEG", quality=50))
    assert len(made.thumbnail.data) <= 1_500
    assert len(made.view.data) <= 15_000


def test_easy_picture_uses_fewer_bytes() -> None:
    made = picture.make_picture(saved(Image.new("RGB", (1500, 1000), (90, 120, 90)), "PNG"))
    assert len(made.view.data) < 2_000


@pytest.mark.parametrize("form", ["WEBP", "JPEG"])
def test_without_avif_the_ladder_still_fits(form: str) -> None:
    made = picture.make_picture(phone_jpeg(), form=form)
    assert len(made.view.data) <= 15_000
    assert len(made.thumbnail.data) <= 1_500
    assert made.view.media_type == f"image/{form.lower()}"


def test_crop_shows_more_than_the_view() -> None:
    """A tenth of the width in as many bytes as the whole view: the detail is there."""
    original = picture.make_picture(phone_jpeg(), form="JPEG").original.data
    part = picture.crop(original, picture.Region.parse("0,0,25,25"))
    assert (part.width, part.height) == (400, 300)
    assert 3_000 < len(part.data) <= 15_000
    assert mark_corner(opened(part)) == "top left"
    tiny = picture.crop(original, picture.Region(0.9999, 0.9999, 0.0001, 0.0001))
    assert tiny.width >= 1


def test_crop_of_a_turned_original_is_upright() -> None:
    stored = skin(800, 600).transpose(Image.Transpose.ROTATE_90)
    original = picture.make_picture(phone_jpeg(6, stored), form="JPEG").original.data
    part = picture.crop(original, picture.Region.parse("0,0,12,12"))
    assert np.asarray(opened(part).convert("L")).mean() > 240


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "a,b,c,d", "0,0,0,10", "90,0,20,10", "-1,0,5,5", "nan,0,5,5", "0,0,1e9,5"]
)
def test_regions_outside_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not inside the picture"):
        picture.Region.parse(text)


def png_of(width: int, height: int) -> bytes:
    """The header of a PNG that claims a size, with almost no data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        sized = struct.pack(">I", len(body)) + kind + body
        return sized + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(9_000, 9_000), (20_000, 20_000), (60_000, 2)])
def test_bombs_are_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="too large for a picture"):
        picture.make_picture(png_of(*size), "bomb.png")


def broken_files() -> dict[str, bytes]:
    photo = phone_jpeg()
    return {
        "empty": b"",
        "text": b"not a picture at all",
        "half a photo": photo[: len(photo) // 3],
        "half a png": saved(skin(300, 200), "PNG")[:2000],
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        "heic": b"\0\0\0\x18ftypheic" + bytes(100),
    }


@pytest.mark.parametrize("kind", broken_files())
def test_no_picture_is_one_clear_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(broken_files()[kind])
    with pytest.raises(UsageError) as caught:
        picture.make_picture(path)
    assert str(caught.value) == "a.jpg is not a picture that can be read."


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        picture.make_picture(tmp_path / "none.jpg")


SMALL = saved(skin(64, 48), "JPEG", quality=40, exif=exif(3))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_photos_are_read_or_refused(at: int, patch: bytes) -> None:
    """A flipped byte never raises anything but the one sentence, and never leaks metadata."""
    broken = SMALL[:at] + patch + SMALL[at + len(patch) :]
    try:
        made = picture.make_picture(broken, form="JPEG")
    except UsageError:
        return
    assert b"SECRETCAM" not in made.original.data


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=300).map(lambda tail: b"\xff\xd8" + tail))
def test_stripping_any_bytes_ends(data: bytes) -> None:
    try:
        assert jpeg.strip(data).endswith(b"\xff\xd9")
    except ValueError:
        return


@pytest.mark.parametrize(
    "make",
    [
        lambda: saved(skin(300, 200), "JPEG", progressive=True, quality=80),
        lambda: saved(skin(300, 200).convert("L"), "JPEG", quality=80),
        lambda: saved(skin(300, 200), "JPEG", quality=80, restart_marker_blocks=4),
        lambda: saved(skin(300, 200), "JPEG", keep_rgb=True, quality=80),
    ],
    ids=["progressive", "grey", "restart markers", "rgb with Adobe segment"],
)
def test_kinds_of_jpeg_survive_stripping(make: Callable[[], bytes]) -> None:
    source = make()
    kept = Image.open(io.BytesIO(jpeg.strip(source)))
    assert np.array_equal(np.asarray(kept), np.asarray(Image.open(io.BytesIO(source))))


def test_cmyk_becomes_rgb() -> None:
    made = picture.make_picture(saved(skin(200, 100).convert("CMYK"), "JPEG"))
    assert opened(made.original).mode == "RGB"
