"""How a call comes to the link: through this process, or through another one that holds it.

One process of a home talks on the link. It keeps a `Door`: a socket on 127.0.0.1 whose port and
secret stand in `line.json`, readable by the owner only. `xt call` (or a screen) either takes the
link itself or knocks there; payloads then pass both ways until it leaves. If the holder dies, the
call knocks again or takes the link over.

    message = length of the rest (2) | type (1) | body       little more than a pipe
    in:   H secret   S payload for the hub   N say to the hub where we are   D decline what rings
    out:  W JSON (rate, the ring that waits)   B busy   P payload from the hub

A shell on asyncio. It refuses to know what the payloads say.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from xtcli.records.ids import RecordId
from xtcli.station.calls_board import Incoming, Switchboard, Tell
from xtcli.station.core import StationCore
from xtcli.station.home import Home, disk_errors
from xtcli.station.pump import Pump

NAME = "line.json"
SECRET_BYTES = 16
HELLO_SECONDS = 5.0
MESSAGE_BYTES_MAX = 2_048
UNSENT_BYTES_MAX = 64_000
"""A client that does not read loses payloads, as a slow link would."""
KEEP_ALIVE_SECONDS = 60.0


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The next message as (type, body); EOFError at its end or when it breaks the rules."""
    try:
        size = int.from_bytes(await reader.readexactly(2), "big")
        if not 1 <= size <= MESSAGE_BYTES_MAX:
            raise EOFError
        body = await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError from error
    return body[:1], body[1:]


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A message as bytes."""
    return (1 + len(body)).to_bytes(2, "big") + kind + body


def incoming_document(incoming: Incoming | None) -> dict[str, Any] | None:
    """A ring for the other side of the door."""
    if incoming is None:
        return None
    return {"case": list(incoming.case), "station": incoming.station, "keep": incoming.keep,
            "ring": incoming.ring.hex()}  # fmt: skip


def incoming_of(document: dict[str, Any] | None) -> Incoming | None:
    """The opposite."""
    if document is None:
        return None
    return Incoming(RecordId(*document["case"]), document["station"], document["keep"],
                    bytes.fromhex(document["ring"]))  # fmt: skip


class Door:
    """Lets one other process of this home call through our link."""

    def __init__(
        self, station: StationCore, board: Switchboard, rate: Callable[[], float | None],
        nudge: Callable[[], None],
    ) -> None:  # fmt: skip
        """Nothing is opened before `open`."""
        self.station = station
        self._nudge = nudge
        self.board = board
        self._rate = rate
        self._secret = b""
        self._server: asyncio.Server | None = None
        self._guest: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Listen on this machine only, and say where to who may read this home."""
        self._secret = self.station.entropy(SECRET_BYTES)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        text = json.dumps({"port": port, "secret": self._secret.hex()})
        _write(self.station.home.root / NAME, text.encode())

    async def close(self) -> None:
        """Stop listening; a call in progress looks for another way."""
        if self._server is None:
            return
        self._server.close()
        if self._guest is not None:
            self._guest.close()
        with suppress(FileNotFoundError):
            (self.station.home.root / NAME).unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One visitor, from hello to goodbye."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                kind, secret = await read_message(reader)
            if kind == b"H" and hmac.compare_digest(secret, self._secret):
                await self._talk(reader, writer)
        except (EOFError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind, body = await read_message(reader)
        if kind == b"D":
            done = self.board.decline(asyncio.get_running_loop().time())
            writer.write(message(b"W", json.dumps({"declined": done}).encode()))
            return
        if self.board.busy:
            writer.write(message(b"B"))
            return
        self._guest = writer

        def receive(payload: bytes) -> None:
            transport = writer.transport
            if transport.get_write_buffer_size() < UNSENT_BYTES_MAX:
                writer.write(message(b"P", payload))

        incoming = self.board.attach(receive)
        welcome = {"rate": self._rate(), "incoming": incoming_document(incoming)}
        writer.write(message(b"W", json.dumps(welcome).encode()))
        try:
            while True:
                if kind == b"S":
                    self.board.send(body)
                elif kind == b"N":
                    self._nudge()
                kind, body = await read_message(reader)
        finally:
            self.board.detach()
            self._guest = None


def _write(path: Path, data: bytes) -> None:
    """A file that only the owner reads, in one step. It need not survive a power cut: no fsync."""
    temporary = path.with_name(path.name + ".new")
    with disk_errors():
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)
        temporary.replace(path)


class LinkCalls:
    """Everything about calls in the process that holds the link: switchboard and door."""

    def __init__(self, station: StationCore, pump: Pump, tell: Tell | None) -> None:
        """Nothing is opened before `open`."""
        self.station = station
        self.pump = pump
        self.board = Switchboard(station, pump.send_realtime, tell)
        self.door = Door(station, self.board, self.rate, pump.poll)

    def rate(self) -> float | None:
        """What the link carries, bit/s, if it was measured."""
        return self.pump.link.measured().rate_bps

    @property
    def busy(self) -> bool:
        """Whether a call is in progress."""
        return self.board.busy

    async def open(self) -> None:
        """Take what comes from now on; make good what a call that was killed has left."""
        from xtcli.station.calls_keep import recover

        loop = asyncio.get_running_loop()
        self.pump.on_realtime = lambda payload: self.board.take(payload, loop.time())
        recover(self.station)
        await self.door.open()

    def step(self) -> None:
        """From time to time."""
        now = asyncio.get_running_loop().time()
        self.board.poll(now)
        if self.board.busy:
            self.pump.link.keep_alive_until(now + KEEP_ALIVE_SECONDS)

    async def close(self) -> None:
        """Close the door."""
        await self.door.close()


class Guest:
    """The other side of the door: a line through the process that holds the link."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, welcome: dict[str, Any]
    ) -> None:
        """Use `knock`."""
        self._reader, self._writer = reader, writer
        self.rate_bps: float | None = welcome.get("rate")
        self.incoming = incoming_of(welcome.get("incoming"))
        self.gone = False
        """The holder has ended; look for another way."""
        self._task: asyncio.Task[None] | None = None

    def start(self, receive: Callable[[bytes], None]) -> None:
        """Hand over what comes from now on."""
        self._task = asyncio.create_task(self._run(receive))

    async def _run(self, receive: Callable[[bytes], None]) -> None:
        with suppress(EOFError):
            while True:
                kind, body = await read_message(self._reader)
                if kind == b"P":
                    receive(body)
        self.gone = True

    def send(self, payload: bytes) -> None:
        """Send a payload to the hub."""
        if not self.gone:
            self._writer.write(message(b"S", payload))

    def nudge(self) -> None:
        """Nothing is heard: let the hub know again where this station is."""
        if not self.gone:
            self._writer.write(message(b"N"))

    async def step(self) -> None:
        """Nothing to do: the holder drives the link."""
        await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Leave."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


async def _connect(home: Home) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the holder's door, the secret said; None when there is no door."""
    try:
        document = json.loads((home.root / NAME).read_text(encoding="utf-8"))
        secret = bytes.fromhex(document["secret"])
        reader, writer = await asyncio.open_connection("127.0.0.1", int(document["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    writer.write(message(b"H", secret))
    return reader, writer


async def knock(home: Home) -> Guest | bool | None:
    """A line through the holder of the link; None when nobody answers, False when it is busy."""
    found = await _connect(home)
    if found is None:
        return None
    reader, writer = found
    writer.write(message(b"L"))
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            kind, body = await read_message(reader)
    except (EOFError, TimeoutError):
        writer.close()
        return None
    if kind != b"W":
        writer.close()
        return False
    return Guest(reader, writer, json.loads(body))


async def decline(home: Home) -> bool:
    """Refuse the call that rings at the holder; False when none does."""
    found = await _connect(home)
    if found is None:
        return False
    reader, writer = found
    writer.write(message(b"D"))
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            kind, body = await read_message(reader)
    except (EOFError, TimeoutError):
        return False
    finally:
        writer.close()
    return kind == b"W" and bool(json.loads(body)["declined"])
