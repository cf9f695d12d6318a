"""Where the pictures of a call come from: a camera, a folder a camera writes into, a file.

A shell like `devices`: PyAV opens cameras (V4L2, AVFoundation, DirectShow) and plays video at its
own speed; `newest` gives what is to be seen now, or None when that was given before. It refuses to
know when a picture is wanted and how it travels.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from xtcli.errors import DeviceMissing, NotFound, UsageError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff"))
CAMERAS = {
    "linux": ("v4l2", "/dev/video0", {}),
    "darwin": ("avfoundation", "default:none", {"framerate": "30"}),
    "win32": ("dshow", "", {}),
}
"""For each system: FFmpeg's input, its first camera, options."""
FIRST_FRAME_SECONDS = 5.0
FILES_LOOKED_AT_MAX = 5_000

Shot = tuple["Image.Image", float]
"""A picture and when it was taken (monotonic seconds)."""


class Source(Protocol):
    """Anything that has pictures."""

    def newest(self, now: float) -> Shot | None:
        """What is to be seen at `now`; None when there is nothing new. It may take a moment."""

    def close(self) -> None:
        """Give the device or the file back."""


def open_source(what: str) -> Source:
    """`camera`, `camera:NAME`, a folder, a picture or a video.

    `DeviceMissing` without a camera; `NotFound`, `UsageError` for files that are not there or none.
    """
    if what == "camera" or what.startswith("camera:"):
        return Camera.open(what.partition(":")[2])
    path = Path(what)
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise NotFound("There is no file {name}.", "Check its name and folder.", name=what)
    return Folder(path) if path.suffix.lower() in SUFFIXES else Video(path)


def _no_camera(name: str) -> DeviceMissing:
    if name:
        return DeviceMissing(
            "The camera {name} is not there or cannot be used.",
            "Give --stills camera, or a folder that the camera writes into.",
            name=name,
        )
    return DeviceMissing(
        "There is no camera that can be used.",
        "Plug one in, or give a picture, a video or a folder that a camera writes into.",
    )


class Camera:
    """A camera that is read all the time, so that its newest picture is new."""

    def __init__(self, form: str, name: str, options: dict[str, str]) -> None:
        """FFmpeg's input `form` and the device in it; `DeviceMissing` when it gives no picture."""
        import av

        self._missing = _no_camera(name)
        try:
            self._container: Any = av.open(name, format=form, options=options)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._missing from error
        self._frame: Any = None
        self._taken_at = self._given_at = 0.0
        self._lock = threading.Lock()
        self._first, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()
        if not self._first.wait(FIRST_FRAME_SECONDS) or self._frame is None:
            self.close()
            raise self._missing

    @classmethod
    def open(cls, name: str = "") -> Camera:
        """The camera `name` of this system, or its first."""
        form, first, options = CAMERAS.get(sys.platform, CAMERAS["linux"])
        if form == "dshow":
            name = name or _first_of(form)
            found = f"video={name}" if name else ""
        else:
            found = name or first
        if not found or (found.startswith("/dev/") and not Path(found).exists()):
            raise _no_camera(name)
        return cls(form, found, dict(options))

    def _run(self) -> None:
        import av

        with suppress(av.FFmpegError, OSError, ValueError):
            for frame in self._container.decode(video=0):
                with self._lock:
                    self._frame, self._taken_at = frame, time.monotonic()
                self._first.set()
                if self._end.is_set():
                    break
        self._first.set()

    def newest(self, now: float) -> Shot | None:
        """The last frame, if it is another than the last time."""
        with self._lock:
            frame, at = self._frame, self._taken_at
        if at == self._given_at:
            return None
        self._given_at = at
        return frame.to_image(), at

    def close(self) -> None:
        """Let the camera go."""
        self._end.set()
        self._thread.join(timeout=2.0)
        if not self._thread.is_alive():
            self._container.close()


def _first_of(form: str) -> str:
    """The first camera that the system lists; empty without one."""
    import av

    try:
        return next((str(d.name) for d in av.enumerate_input_devices(form)), "")
    except (av.FFmpegError, OSError, ValueError):
        return ""


class Video:
    """A video file, played from the first look on at its own speed, once."""

    def __init__(self, path: Path) -> None:
        """`UsageError` when there is no picture in it."""
        import av

        try:
            self._container: Any = av.open(str(path))
            self._frames: Iterator[Any] = self._container.decode(video=0)
            self._next: Any = next(self._frames)
        except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration) as error:
            raise UsageError(
                "{name} holds no picture.", "Give a picture, a video or a folder.", name=path.name
            ) from error
        self._first_s = float(self._next.time or 0.0)
        self._began: float | None = None

    def newest(self, now: float) -> Shot | None:
        """The frame that is due; None at the end."""
        import av

        if self._began is None:
            self._began = now
        due = self._first_s + now - self._began
        shown = None
        while self._next is not None and float(self._next.time or 0.0) <= due:
            shown = self._next
            try:
                self._next = next(self._frames, None)
            except (av.FFmpegError, OSError, ValueError):
                self._next = None
        return (shown.to_image(), now) if shown is not None else None

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class Folder:
    """The newest picture of a folder, or one picture file: again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        """`path` may still be empty."""
        self._path = path
        self._given: tuple[str, int, int] | None = None

    def newest(self, now: float) -> Shot | None:
        """A picture that was not given yet; one that is still being written is left for later."""
        found = self._found()
        if found is None or found == self._given:
            return None
        image = _read(Path(found[0]))
        if image is None:
            return None
        self._given = found
        return image, now

    def _found(self) -> tuple[str, int, int] | None:
        newest: tuple[str, int, int] | None = None
        with suppress(OSError):
            paths = [self._path] if self._path.is_file() else _pictures(self._path)
            for path in paths:
                with suppress(OSError):
                    stat = path.stat()
                    one = (str(path), stat.st_mtime_ns, stat.st_size)
                    if newest is None or one[1] > newest[1]:
                        newest = one
        return newest

    def close(self) -> None:
        """Nothing is open."""


def _pictures(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return [path for path, _ in zip(found, range(FILES_LOOKED_AT_MAX), strict=False)]


def _read(path: Path) -> Image.Image | None:
    """An upright picture; None when it cannot be read (yet)."""
    from xtcli.errors import XtError
    from xtcli.media.picture import open_upright

    try:
        return open_upright(path)
    except XtError:
        return None
