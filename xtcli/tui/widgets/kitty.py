"""A picture by Kitty's graphics protocol: sent once, placed by ordinary characters.

The picture's bytes go to the terminal beside the text, through the same writer, so that they never
fall into the middle of another sequence. Where it is seen is said by placeholder characters
(U+10EEEE with row and column as combining marks, the picture's number as colour): cells like any
others, so a frame over it is drawn as text and moves for a few bytes.
Source: sw.kovidgoyal.net/kitty/graphics-protocol, "Unicode placeholders".
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from xtcli.tui.no_terminal import no_terminal
from xtcli.tui.widgets.cell_picture import CellPicture

if TYPE_CHECKING:
    from PIL import Image

PLACEHOLDER = "\U0010eeee"
CHUNK_CHARS = 4096
COLOURS_FAR = 128
CELL_PIXELS = (10, 20)
"""Pixels sent for a cell; the terminal scales them to what its cells really are."""
FRAME_STYLE = Style(color=Color.from_rgb(0, 0, 0), bgcolor=Color.from_rgb(255, 230, 0), bold=True)
_numbers = count((os.getpid() & 0xFFFF) * 128 + 1)
"""Pictures of this terminal have one number each, at most 24 bits."""


@cache
def marks() -> tuple[str, ...]:
    """The combining marks that stand for 0, 1, 2 ... in a placeholder, in the protocol's order."""
    with no_terminal():
        from textual_image.renderable.tgp import _NUMBER_TO_DIACRITIC

    return tuple(chr(number) for number in _NUMBER_TO_DIACRITIC)


def messages(
    image: Image.Image, number: int, cells: int, rows: int, *, far: bool = False
) -> Iterator[str]:
    """What tells the terminal a picture, and that it is placed in `cells` x `rows` characters.

    `far`: over a slow line, with few colours.
    """
    room = io.BytesIO()
    width, height = min(image.width, cells * CELL_PIXELS[0]), min(image.height,
                                                                 rows * CELL_PIXELS[1])  # fmt: skip
    small = image.resize((width, height))
    # A palette takes a third of the bytes; at the person's own computer bytes do not matter.
    (small.quantize(COLOURS_FAR) if far else small).save(room, "PNG")
    text = base64.standard_b64encode(room.getvalue()).decode()
    parts = [text[at : at + CHUNK_CHARS] for at in range(0, len(text), CHUNK_CHARS)]
    for place, part in enumerate(parts):
        keys = f"a=t,t=d,f=100,i={number},q=2," if place == 0 else "q=2,"
        yield f"\x1b_G{keys}m={int(place < len(parts) - 1)};{part}\x1b\\"
    yield f"\x1b_Ga=p,U=1,i={number},c={cells},r={rows},q=2\x1b\\"


def forget(number: int) -> str:
    """The terminal may free the picture's memory."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


class KittyPicture(CellPicture):
    """Draws a picture in the middle of its room."""

    def __init__(self, image: Image.Image) -> None:
        """An RGB picture."""
        super().__init__(image)
        self._sent: tuple[int, int, int] | None = None

    def put(self, image: Image.Image) -> None:
        """Another picture."""
        self._drop()
        super().put(image)

    def on_unmount(self) -> None:
        """Gone from the screen, gone from the terminal's memory."""
        self._drop()

    def _drop(self) -> None:
        if self._sent is not None:
            self._write(forget(self._sent[0]))
            self._sent = None

    def _write(self, text: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(text)

    def _number(self, cells: int, rows: int) -> int:
        """The picture's number; it is sent when it was not yet, or in another size."""
        if self._sent is None or self._sent[1:] != (cells, rows):
            self._drop()
            number = next(_numbers) & 0xFFFFFF
            self._sent = number, cells, rows
            far = bool(os.environ.get("SSH_CONNECTION"))
            self._write("".join(messages(self.image, number, cells, rows, far=far)))
        return self._sent[0]

    def render_line(self, y: int) -> Strip:
        """One line of placeholders, and of the frame."""
        at = self.picture_region
        signs = marks()
        row = y - at.y
        if not 0 <= row < min(at.height, len(signs)):
            return Strip.blank(self.size.width, self.rich_style)
        width = min(at.width, len(signs))
        number = self._number(width, min(at.height, len(signs)))
        style = Style(color=Color.from_rgb(number >> 16, number >> 8 & 255, number & 255))
        plain = [PLACEHOLDER + signs[row] + signs[column] for column in range(width)]
        frame = [self._frame_sign(at.x + column, y) for column in range(width)]
        return self.line((mark, FRAME_STYLE) if mark else (cell, style)
                         for mark, cell in zip(frame, plain, strict=True))  # fmt: skip

    def _frame_sign(self, x: int, y: int) -> str:
        """What the frame draws in a cell; empty where it is not."""
        if self.frame is None:
            return ""
        x0, y0, x1, y1 = self.corners(self.frame)
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            return ""
        across, down = y in (y0, y1), x in (x0, x1)
        return "+" if across and down else "-" if across else "|" if down else ""
