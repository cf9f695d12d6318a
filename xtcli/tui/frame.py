"""A frame over a picture: where it is, how it moves and grows. Pure; parts of one, no pixels."""

from __future__ import annotations

from dataclasses import dataclass

SIDE_MIN = 0.03
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of a picture, always inside it. All numbers are 0..1 of the picture's sides."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def inside(cls, box: Box) -> Frame:
        """The middle half of a part of the picture, to begin with."""
        left, top, right, bottom = box
        width, height = (right - left) / 2, (bottom - top) / 2
        return cls(left + width / 2, top + height / 2, width, height).kept()

    @classmethod
    def between(cls, x0: float, y0: float, x1: float, y1: float) -> Frame:
        """From one corner to the opposite one, in any order."""
        left, right = sorted((x0, x1))
        top, bottom = sorted((y0, y1))
        return cls(left, top, right - left, bottom - top).kept()

    def kept(self) -> Frame:
        """The same, not too small and pushed into the picture."""
        width = min(1.0, max(SIDE_MIN, self.width))
        height = min(1.0, max(SIDE_MIN, self.height))
        left = min(max(0.0, self.left), 1.0 - width)
        top = min(max(0.0, self.top), 1.0 - height)
        return Frame(left, top, width, height)

    def moved(self, right: float, down: float) -> Frame:
        """To the side and down."""
        return Frame(self.left + right, self.top + down, self.width, self.height).kept()

    def grown(self, wider: float, taller: float) -> Frame:
        """Wider and taller around its middle."""
        return Frame(self.left - wider / 2, self.top - taller / 2, self.width + wider,
                     self.height + taller).kept()  # fmt: skip

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.left + self.width / 2, self.top + self.height / 2

    def seen_in(self, box: Box) -> Box:
        """The frame in parts of the part `box` of the picture; may reach beyond 0..1."""
        left, top, right, bottom = box
        w, h = right - left, bottom - top
        x, y = self.left - left, self.top - top
        return x / w, y / h, (x + self.width) / w, (y + self.height) / h
