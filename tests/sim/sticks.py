"""Sticks that are carried: folders with real files, pulled out, full, copied, damaged, forgotten.

A visit is what `xt sync --via folder:` does in a process of its own, beside the one that has the
link. The files are real; what a stick does wrong happens where the carrier touches them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from tests.sim.fuse import Crash, Fuse
from tests.sim.nodes import Node, fuse_all
from xtcli.errors import XtError
from xtcli.hub.hub import HubStation
from xtcli.hub.roads import duties
from xtcli.hub.sticks import visitor
from xtcli.records.values import StationKind
from xtcli.station.intake import Arrival
from xtcli.station.roads_folder import FolderVisit
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station
from xtcli.transport.carriers import folder

SOUND = -1

Tell = Callable[[Node, Arrival], None]


@dataclass
class Stick:
    """One stick. `room` is how many bytes of bundles fit (None: enough); `pull_at` the access at
    which it is pulled out; `torn` whether the file being written then has its final name."""

    path: Path
    room: int | None = None
    pull_at: int = SOUND
    torn: bool = False
    bytes_written: int = 0
    visits: int = 0
    pulled: int = 0
    _gone: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        """An empty stick."""
        self.path.mkdir(parents=True, exist_ok=True)

    @property
    def inside(self) -> Path:
        """Where the bundles are."""
        return self.path / folder.SUBFOLDER

    def used(self) -> int:
        """Bytes of all files."""
        if not self.inside.is_dir():
            return 0
        return sum(file.stat().st_size for file in self.inside.iterdir())

    def _touch(self) -> None:
        """One access; from some access on the stick is not there any more."""
        if self._gone or self.pull_at == 0:
            self.pulled += not self._gone
            self._gone = True
            raise OSError(errno.ENODEV, "No such device")
        self.pull_at -= self.pull_at > 0

    @contextmanager
    def plugged(self, wall: float) -> Iterator[None]:
        """Within this, the carrier's accesses go through the stick's faults. `wall` dates files."""
        read, write, unlink = folder._read, folder._write, folder._unlink

        def _read(path: Path, *most: Any) -> bytes:
            self._touch()
            return read(path, *most)

        def _write(inside: Path, name: str, data: bytes) -> None:
            try:
                self._touch()
            except OSError:
                self._half_written(inside, name, data, wall)
                raise
            if self.room is not None and self.used() + len(data) > self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(inside, name, data)
            self.bytes_written += len(data)
            os.utime(inside / name, (wall, wall))

        def _unlink(path: Path) -> None:
            self._touch()
            unlink(path)

        self.visits += 1
        self._gone = False
        with patch.multiple(folder, _read=_read, _write=_write, _unlink=_unlink):
            try:
                yield
            finally:
                self._gone, self.pull_at = False, SOUND

    def _half_written(self, inside: Path, name: str, data: bytes, wall: float) -> None:
        """What a stick holds that was pulled out during a write."""
        shown = name if self.torn else f"{name.partition('.')[0]}.part"
        (inside / shown).write_bytes(data[: len(data) // 2])
        os.utime(inside / shown, (wall, wall))

    # What people and time do to it

    def copy_to(self, path: Path) -> Stick:
        """Another stick with the same files."""
        shutil.copytree(self.path, path, dirs_exist_ok=True)
        return Stick(path)

    def spoil(self, random: Random) -> None:
        """A bit goes over, a file is cut short, something foreign lies there."""
        files = sorted(self.inside.iterdir()) if self.inside.is_dir() else []
        if not files:
            return
        path = random.choice(files)
        data = bytearray(path.read_bytes())
        what = random.randrange(3)
        if what == 0 and data:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            path.write_bytes(data)
        elif what == 1:
            path.write_bytes(data[: random.randrange(len(data) + 1)])
        else:
            (self.inside / f"{random.getrandbits(64):016x}.xtb").write_bytes(random.randbytes(200))


def open_beside(node: Node) -> Station:
    """The station of a home once more, as another process has it."""
    make = HubStation if node.home.settings().kind == "hub" and node.number == 1 else Station
    return make(node.home, clock=node.wall, entropy=node.random.randbytes)


def visit(
    node: Node, stick: Stick, tell: Tell, fuse: Fuse | None = None, wall: float = 0.0
) -> bool:
    """One visit of a stick by a station; whether it came to its end. It never raises."""
    fuse = fuse or Fuse()
    station = open_beside(node)
    does = duties(station)
    mail = Mail(station, does.rule, does.inside)
    store = RoadStore(node.home.root)
    fuse_all(station, fuse, mail.spool, store)
    make = visitor(node.number) if station.kind is StationKind.HUB else FolderVisit
    errand = make(mail, store, stick.path)

    try:
        with stick.plugged(wall or node.wall()):
            errand.run()
        return True
    except (Crash, XtError):
        node.crashes += fuse.blown
        return False
    finally:
        for arrival in errand.arrivals:
            tell(node, arrival)
        store.close()
        mail.close()
        station.close()
