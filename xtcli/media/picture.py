"""Pictures as a ladder: a thumbnail for lists, a view for the first answer, the original on wish.

Thumbnail and view travel at once; the specialist asks for a crop or for the original. Place, device
and time are removed from every step, the original too; the picture stands upright. Files come from
outside, so their size is checked before a pixel is decoded. It refuses to know what is shown.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtcli.errors import NotFound, UsageError
from xtcli.media import jpeg

if TYPE_CHECKING:
    from PIL import Image

SOURCE_BYTES_MAX = 50_000_000
PIXELS_MAX = 64_000_000
SIDE_PIXELS_MAX = 30_000
THUMBNAIL_SIDE, THUMBNAIL_BYTES_MAX = 160, 1_500
VIEW_SIDE, VIEW_BYTES_MAX = 1_024, 15_000
ENOUGH_QUALITY = 72
"""Above this a view only grows: on an easy picture bytes are left unused."""

CROP_QUALITY = 92
"""A crop is asked for because of its detail: it may use all the bytes it is given."""

FORMATS_READ = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")
MEDIA_TYPES = {
    "AVIF": "image/avif",
    "WEBP": "image/webp",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
}
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "AVIF": {"speed": 6},
    "WEBP": {"method": 4},
    "JPEG": {"optimize": True, "progressive": True},
}
_KEPT_QUALITY = 95
"""For the rare original that must be coded again (other colours than sRGB)."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One step of the ladder, ready to travel as a blob."""

    data: bytes
    media_type: str
    width: int
    height: int
    """Pixels, standing upright."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All steps made from one file."""

    thumbnail: Rendition
    view: Rendition
    original: Rendition


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an upright picture, in parts of its width and height (0..1)."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Refuse what lies outside the picture."""
        numbers = (self.left, self.top, self.width, self.height)
        inside = all(math.isfinite(n) and 0 <= n <= 1 for n in numbers)
        slack = 1e-6
        if (
            not inside
            or min(self.width, self.height) <= 0
            or self.left + self.width > 1 + slack
            or self.top + self.height > 1 + slack
        ):
            raise _bad_region()

    @classmethod
    def parse(cls, text: str) -> Region:
        """A region written as four percentages, `left,top,width,height`, such as `25,10,50,50`."""
        try:
            left, top, width, height = (float(part) / 100 for part in text.split(","))
        except ValueError as error:
            raise _bad_region() from error
        return cls(left, top, width, height)


def _bad_region() -> UsageError:
    return UsageError(
        "The region is not inside the picture.",
        "Give left,top,width,height in percent, such as 25,10,50,50.",
    )


# --- making the ladder ----------------------------------------------------------------------


def make_picture(source: Path | bytes, name: str = "-", form: str | None = None) -> Picture:
    """The ladder of a photo, from its file or its bytes.

    `form` is a key of `MEDIA_TYPES` for thumbnail and view (default: AVIF where Pillow has it, else
    WebP, else JPEG). Raises `NotFound`; `UsageError` when it is no picture, damaged or too large.
    """
    if isinstance(source, Path):
        name = source.name
        source = _file_bytes(source)
    image, upright = _opened(source, name)
    plain = _plain(upright)
    return Picture(
        thumbnail=_fitted(plain, THUMBNAIL_SIDE, THUMBNAIL_BYTES_MAX, form),
        view=_fitted(plain, VIEW_SIDE, VIEW_BYTES_MAX, form),
        original=_original(source, image, upright),
    )


def crop(
    original: bytes, region: Region, bytes_max: int = VIEW_BYTES_MAX, form: str | None = None
) -> Rendition:
    """The part of `original` that a specialist asked for, in as much detail as the bytes allow."""
    _, upright = _opened(original, "-")
    plain = _plain(upright)
    left, top = int(region.left * plain.width), int(region.top * plain.height)
    right = max(left + 1, math.ceil((region.left + region.width) * plain.width))
    bottom = max(top + 1, math.ceil((region.top + region.height) * plain.height))
    part = plain.crop((left, top, min(right, plain.width), min(bottom, plain.height)))
    return _fitted(part, VIEW_SIDE, bytes_max, form, CROP_QUALITY)


def open_upright(path: Path) -> Image.Image:
    """A picture file, decoded and upright, without metadata; errors as in `make_picture`."""
    return _plain(_opened(_file_bytes(path), path.name)[1])


def best_format() -> str:
    """The smallest format that this Pillow can write: AVIF, else WebP, else JPEG."""
    from PIL import features

    if features.check("avif"):
        return "AVIF"
    return "WEBP" if features.check("webp") else "JPEG"


# --- reading --------------------------------------------------------------------------------


def _file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SOURCE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise NotFound(
            "There is no file {name}.", "Check its name and folder.", name=path.name
        ) from error
    except OSError as error:
        raise _no_picture(path.name) from error


def _no_picture(name: str) -> UsageError:
    return UsageError(
        "{name} is not a picture that can be read.",
        "Use a photo in JPEG, PNG, WebP or AVIF; set the camera to JPEG.",
        name=name,
    )


def _too_large(name: str) -> UsageError:
    return UsageError(
        "{name} is too large for a picture.",
        "Take the photo at {megapixels} megapixels or less.",
        name=name,
        megapixels=PIXELS_MAX // 1_000_000,
    )


def _opened(data: bytes, name: str) -> tuple[Image.Image, Image.Image]:
    """The picture as stored, and upright with its pixels decoded."""
    from PIL import Image, ImageOps

    if len(data) > SOURCE_BYTES_MAX:
        raise _too_large(name)
    try:
        with warnings.catch_warnings():
            # Pillow warns of damaged metadata, which is thrown away, and of size, checked here.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS_READ)
            if image.width * image.height > PIXELS_MAX or max(image.size) > SIDE_PIXELS_MAX:
                raise _too_large(name)
            image.load()
            return image, _in_srgb(ImageOps.exif_transpose(image) or image)
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError,
            RuntimeError) as error:  # fmt: skip
        # Pillow's readers raise all of these on crafted files.
        raise _no_picture(name) from error


def _in_srgb(image: Image.Image) -> Image.Image:
    """`image` in the colours every screen expects; a phone's wide gamut is converted."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return image
    if converted is None:
        return image
    converted.info["converted"] = True
    return converted


def _plain(image: Image.Image) -> Image.Image:
    """Grey or RGB in 8 bits, on white where it was transparent, and with no metadata at all."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    mode = "L" if image.mode in {"1", "L", "LA"} else "RGB"
    clean = Image.new(mode, image.size)
    clean.paste(image.convert(mode))
    return clean


def _eight_bits(image: Image.Image) -> Image.Image:
    """A picture of more than 8 bits a pixel, such as an X-ray, from darkest to brightest."""
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255 / (high - low) if high > low else 0.0)
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


# --- writing --------------------------------------------------------------------------------


def _encoded(image: Image.Image, form: str, quality: int) -> bytes:
    room = io.BytesIO()
    image.save(room, form, quality=quality, **_SAVE_OPTIONS[form])
    return room.getvalue()


def _fitted(
    image: Image.Image,
    side: int,
    bytes_max: int,
    form: str | None,
    quality_max: int = ENOUGH_QUALITY,
) -> Rendition:
    """`image` at most `side` pixels long and `bytes_max` big, as good as that allows."""
    from PIL.Image import Resampling

    form = form or best_format()
    while True:
        small = image.copy()
        small.thumbnail((side, side), Resampling.LANCZOS)
        if data := _best_quality(small, form, bytes_max, quality_max):
            return Rendition(data, MEDIA_TYPES[form], *small.size)
        # Even the lowest quality is too big: fewer pixels look better than worse ones.
        side = max(16, min(side, max(small.size)) * 3 // 4)
        if side == 16:
            return Rendition(_encoded(small, form, 1), MEDIA_TYPES[form], *small.size)


def _best_quality(image: Image.Image, form: str, bytes_max: int, quality_max: int) -> bytes | None:
    """The best coding that fits, found by halving; None when not even a poor one does."""
    low, high, best = 18, quality_max, None
    while low <= high:
        quality = (low + high) // 2
        data = _encoded(image, form, quality)
        if len(data) <= bytes_max:
            best, low = data, quality + 1
        else:
            high = quality - 1
    return best


def _original(data: bytes, image: Image.Image, upright: Image.Image) -> Rendition:
    """The picture in full, without a trace of where, when and with what it was taken."""
    size = upright.size
    converted = "converted" in upright.info
    if image.format in {"JPEG", "MPO"} and image.mode in {"L", "RGB"} and not converted:
        orientation = image.getexif().get(0x0112, 1)
        try:
            stripped = jpeg.strip(data, orientation if orientation in range(1, 9) else 1)
            return Rendition(stripped, MEDIA_TYPES["JPEG"], *size)
        except ValueError:
            # Readable by Pillow but not by the letter of the standard: code it again.
            converted = True
    if image.format in {"PNG", "TIFF", "BMP", "GIF"}:
        return Rendition(_lossless(upright), MEDIA_TYPES["PNG"], *size)
    plain = _plain(upright)
    form = "JPEG" if image.format in {"JPEG", "MPO"} else best_format()
    return Rendition(_encoded(plain, form, _KEPT_QUALITY), MEDIA_TYPES[form], *size)


def _lossless(image: Image.Image) -> bytes:
    """A PNG of exactly these pixels and nothing else."""
    deep = image.mode.startswith("I;16") or image.mode == "I"
    if deep:
        clean = image.copy()
        clean.info = {}
    else:
        clean = _plain(image)
    room = io.BytesIO()
    clean.save(room, "PNG", optimize=True)
    return room.getvalue()
