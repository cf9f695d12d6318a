"""What is really written for Kitty and Sixel: read from a pty, decoded back, compared.

No terminal with these protocols is needed: the tests are one, as far as pictures go.
"""

from __future__ import annotations

import base64
import fcntl
import io
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rich.cells import cell_len

from xtcli.station import shell
from xtcli.tui import demo_media
from xtcli.tui.demo import make_home
from xtcli.tui.widgets.kitty import PLACEHOLDER, marks, messages

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 100, 30
F8, MARK, RIGHT, ESCAPE = b"\x1b[19~", b"m", b"\x1b[C", b"\x1b"
APC = re.compile(rb"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\")
SIXEL = re.compile(rb"\x1bP[0-9;]*q(.*?)\x1b\\", re.DOTALL)
Pixels = NDArray[np.float64]


class Screens:
    """`xt tui` on a pty of its own; everything it writes."""

    def __init__(self, home: Path, how: str) -> None:
        self.said = b""
        env = {
            **os.environ, "XT_HOME": str(home), "XT_LANG": "en", "TERM": "xterm-256color",
            "XT_PICTURES": how, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT),
            "COLUMNS": str(COLUMNS), "LINES": str(ROWS),
        }  # fmt: skip
        env.pop("SSH_CONNECTION", None)
        env.pop("COLORTERM", None)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(sys.executable, [sys.executable, "-m", "xtcli", "tui", "--no-sync"], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read_until(self, wanted: re.Pattern[bytes] | bytes, start: int) -> int:
        """Read until something comes after `start` and then it is quiet; where that ends."""
        end = time.monotonic() + 90
        found = False
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], 0.5)
            if ready:
                self.said += os.read(self.fd, 65_536)
                continue
            part = self.said[start:]
            found = wanted in part if isinstance(wanted, bytes) else bool(wanted.search(part))
            if found:
                return len(self.said)
        raise AssertionError(f"{wanted!r} did not come; the end of it: {self.said[-2000:]!r}")

    def press(self, key: bytes) -> int:
        """Type a key; where what follows begins."""
        start = len(self.said)
        os.write(self.fd, key)
        return start

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk whose newest case has a photo."""
    root = tmp_path_factory.mktemp("pixels")
    make_home(root, "desk", shell.now(), shell.entropy, media=True)
    return root


@contextmanager
def picture_open(home: Path, how: str, comes: re.Pattern[bytes]) -> Iterator[tuple[Screens, int]]:
    """The picture on the screen; where its bytes begin."""
    screens = Screens(home, how)
    try:
        screens.read_until("王小明".encode(), 0)
        screens.read_until("是否心梗".encode(), screens.press(b"\r"))
        start = screens.press(F8)
        screens.read_until(comes, start)
        yield screens, start
    finally:
        screens.close()


def grey(image: Image.Image, size: tuple[int, int]) -> Pixels:
    return np.asarray(image.convert("L").resize(size), dtype=np.float64)


def alike(shown: Image.Image, source: Image.Image) -> float:
    """How much two pictures have in common: their correlation at the size of the smaller one."""
    size = (min(shown.width, source.width), min(shown.height, source.height))
    return float(np.corrcoef(grey(shown, size).ravel(), grey(source, size).ravel())[0, 1])


def kitty_pictures(said: bytes) -> tuple[dict[int, Image.Image], dict[int, tuple[int, int]]]:
    """Pictures by number, and the cells they are placed in; checks the protocol on the way."""
    pictures: dict[int, Image.Image] = {}
    placed: dict[int, tuple[int, int]] = {}
    number, data = 0, b""
    for keys, payload in APC.findall(said):
        said_keys = dict(pair.split(b"=") for pair in keys.split(b","))
        assert len(payload) <= 4096
        if said_keys.get(b"a") == b"t":
            assert (said_keys[b"f"], said_keys[b"t"]) == (b"100", b"d")
            number, data = int(said_keys[b"i"]), b""
        if b"m" in said_keys:
            data += payload
            if said_keys[b"m"] == b"0":
                pictures[number] = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
        elif said_keys.get(b"a") == b"p":
            assert said_keys[b"U"] == b"1"
            placed[int(said_keys[b"i"])] = int(said_keys[b"c"]), int(said_keys[b"r"])
        else:
            assert (said_keys[b"a"], said_keys[b"d"]) == (b"d", b"I")
            pictures.pop(int(said_keys[b"i"]))
    return pictures, placed


def placeholders(said: bytes) -> set[tuple[int, int]]:
    """(row, column) of every placeholder that was written."""
    places = {sign: place for place, sign in enumerate(marks())}
    cell = re.compile(re.escape(PLACEHOLDER) + "(.)(.)")
    return {(places[row], places[column]) for row, column in
            cell.findall(said.decode(errors="replace"))}  # fmt: skip


def test_kitty_gets_the_picture_and_its_places(home: Path) -> None:
    """The PNG is the picture, every cell of its place is written, a frame sends nothing again."""
    source = Image.open(io.BytesIO(demo_media.ecg_picture()))
    with picture_open(home, "kitty", re.compile(rb"\x1b_Ga=p")) as (screens, start):
        said = screens.said[start:]
        pictures, placed = kitty_pictures(said)
        ((number, shown),) = pictures.items()
        assert alike(shown, source) > 0.98
        columns, rows = placed[number]
        assert abs(columns / (2 * rows) - source.width / source.height) < 0.1
        assert placeholders(said) == {(r, c) for r in range(rows) for c in range(columns)}
        colour = f"38;2;{number >> 16};{number >> 8 & 255};{number & 255}".encode()
        assert colour in said
        screens.read_until(b"at most", screens.press(MARK))
        start = screens.press(RIGHT)
        screens.read_until(b"+-", start)
        moved = screens.said[start:]
        assert not APC.search(moved)
        assert len(moved) < 20_000
        # Out of the screen, out of the terminal's memory.
        screens.read_until(b"ask for", screens.press(ESCAPE))
        start = screens.press(ESCAPE)
        screens.read_until(b"a=d,d=I", start)
        assert kitty_pictures(screens.said)[0] == {}


def sixel_picture(data: bytes) -> Image.Image:
    """A Sixel sequence as a picture: colours, runs, bands of six lines (DEC STD 070)."""
    head = re.match(rb'"(\d+);(\d+);(\d+);(\d+)', data)
    assert head is not None
    width, height = int(head[3]), int(head[4])
    pixels = np.zeros((height + 6, width, 3), dtype=np.uint8)
    colours: dict[int, tuple[int, int, int]] = {}
    chosen, x, y = 0, 0, 0
    token = re.compile(rb"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")
    for match in token.finditer(data, head.end()):
        name, r, g, b, run, repeated, single, move = match.groups()
        if name is not None:
            chosen = int(name)
            if r is not None:
                colours[chosen] = (round(int(r) * 2.55), round(int(g) * 2.55), round(int(b) * 2.55))
        elif move is not None:
            x = 0
            y += 6 if move == b"-" else 0
        else:
            count, sign = (int(run), repeated) if run is not None else (1, single)
            bits = sign[0] - 63
            for bit in range(6):
                if bits >> bit & 1:
                    pixels[y + bit, x : x + count] = colours[chosen]
            x += count
    return Image.fromarray(pixels[:height])


def test_sixel_is_the_picture(home: Path) -> None:
    """Decoded back it is the picture, and with a frame over it, the frame is there."""
    source = Image.open(io.BytesIO(demo_media.ecg_picture()))
    with picture_open(home, "sixel", SIXEL) as (screens, start):
        shown = sixel_picture(SIXEL.findall(screens.said[start:])[-1])
        assert abs(shown.width / shown.height - source.width / source.height) < 0.1
        assert alike(shown, source) > 0.95
        start = screens.press(MARK)
        screens.read_until(SIXEL, start)
        framed = sixel_picture(SIXEL.findall(screens.said[start:])[-1])
        yellow = np.all(np.abs(np.asarray(framed, dtype=int) - (255, 230, 0)) < 40, axis=2)
        ys, xs = np.nonzero(yellow)
        assert xs.min() / framed.width == pytest.approx(0.25, abs=0.03)
        assert xs.max() / framed.width == pytest.approx(0.75, abs=0.03)
        assert ys.min() / framed.height == pytest.approx(0.25, abs=0.03)
        assert ys.max() / framed.height == pytest.approx(0.75, abs=0.03)


def test_a_placeholder_is_one_cell_wide() -> None:
    """Whatever its row and column: else lines would be cut at the wrong place."""
    for place, mark in enumerate(marks()):
        assert cell_len(PLACEHOLDER + mark + marks()[-1 - place]) == 1


def test_a_far_terminal_gets_fewer_bytes() -> None:
    """Over a slow line the same picture in fewer colours."""
    image = Image.open(io.BytesIO(demo_media.ecg_picture())).convert("RGB")
    near = "".join(messages(image, 7, 90, 28))
    far = "".join(messages(image, 7, 90, 28, far=True))
    assert len(far) < 0.7 * len(near)
    (shown,) = kitty_pictures(far.encode())[0].values()
    assert alike(shown, image) > 0.97
