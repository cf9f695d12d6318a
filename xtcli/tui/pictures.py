"""Pictures in a terminal: which way this terminal can show them, and half blocks where it cannot.

The terminal is not asked: an answer on a slow line would be read as keys. `XT_PICTURES` (kitty,
sixel, half) decides where the environment does not tell.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xtcli.errors import UsageError
from xtcli.tui.no_terminal import no_terminal

if TYPE_CHECKING:
    from PIL import Image
    from textual.widget import Widget

    from xtcli.tui.frame import Box

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
PIXELS_MAX = 50_000_000
FRAME_SHARE = 0.003
"""Of the longer side: how thick a third of a frame's line is."""
WAYS = ("kitty", "sixel", "half")
KITTY_PROGRAMS = ("ghostty",)
SIXEL_PROGRAMS = ("WezTerm", "mintty")
SIXEL_TERMS = ("foot", "mlterm", "contour")


def way(env: Mapping[str, str]) -> str:
    """How to show pictures: `kitty`, `sixel`, or `half` blocks, which every terminal has."""
    wanted = env.get("XT_PICTURES", "")
    if wanted in WAYS:
        return wanted
    if env.get("TMUX") or env.get("STY"):
        return "half"
    program, term = env.get("TERM_PROGRAM", ""), env.get("TERM", "")
    if "kitty" in term or program in KITTY_PROGRAMS:
        return "kitty"
    if program in SIXEL_PROGRAMS or term.startswith(SIXEL_TERMS):
        return "sixel"
    return "half"


def decode(data: bytes) -> Image.Image:
    """The picture in `data`; UsageError when it is none or is larger than any honest one."""
    from PIL import Image, UnidentifiedImageError

    try:
        found = Image.open(io.BytesIO(data), formats=FORMATS)
        if found.width * found.height > PIXELS_MAX:
            raise UsageError("This picture is too large to show.", "Ask for a smaller one.")
        return found.convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise UsageError("This picture cannot be read.", "Ask for it again.") from error


def image_widget(image: Image.Image, how: str) -> Widget:
    """A widget that shows `image` in the way `how`."""
    if how == "half":
        from xtcli.tui.widgets.half_blocks import HalfBlocks

        return HalfBlocks(image)
    if how == "kitty":
        from xtcli.tui.widgets.kitty import KittyPicture

        return KittyPicture(image)
    with no_terminal():
        from textual_image.widget import SixelImage
    made: Widget = SixelImage(image)
    # Else it fills its room, and a heart on the screen is wider than it is.
    made.styles.width = made.styles.height = "auto"
    return made


def replace(widget: Widget, image: Image.Image) -> None:
    """Another picture in a Sixel widget of `image_widget`."""
    widget.image = image  # type: ignore[attr-defined]


def with_frame(image: Image.Image, frame: Box) -> Image.Image:
    """A copy with a frame (parts of one) drawn over it, in two colours: seen on any picture."""
    from PIL import ImageDraw

    made = image.copy()
    draw = ImageDraw.Draw(made)
    left, top, right, bottom = frame
    thick = max(1, round(max(image.size) * FRAME_SHARE))
    sides = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    draw.rectangle(sides, outline=(0, 0, 0), width=3 * thick)
    inner = tuple(side + move for side, move in zip(sides, (thick, thick, -thick, -thick),
                                                    strict=True))  # fmt: skip
    if inner[0] < inner[2] and inner[1] < inner[3]:
        draw.rectangle(inner, outline=(255, 230, 0), width=thick)
    return made


def how_here() -> str:
    """The way of this terminal."""
    return way(os.environ)
