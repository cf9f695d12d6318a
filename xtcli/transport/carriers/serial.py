"""The serial carrier: link datagrams over a line or modem device. A shell around pyserial.

Two threads move the bytes, because a line blocks: one reads, one writes. What waits to be written
is bounded, so that a line slower than believed costs a few datagrams and not memory. It knows no
bundles, records or rosters.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xtcli.errors import DeviceMissing, UsageError
from xtcli.lang.system import because
from xtcli.transport.carriers.frames import OVERHEAD_BYTES, Deframer, frame
from xtcli.transport.driving import LinkClient, LinkServer, Wire
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.frames import Kind, kind_of
from xtcli.transport.link.spooled import SpooledLink

BAUD_DEFAULT = 9600
BAUD_MAX = 4_000_000
BAUD_DIGITS_MAX = 7
BITS_PER_BYTE = 10
"""A start bit, eight data bits, a stop bit."""
WAITING_BYTES_MAX = 16_384
READ_WAIT_S = 0.2
try:
    from termios import error as _TerminalError
except ImportError:  # not a POSIX system: there pyserial's own errors say everything
    _TerminalError = OSError  # type: ignore[assignment, misc]
_GONE = (OSError, TypeError, _TerminalError)
"""What reading or writing raises when the device goes; termios has an error of its own."""
JOIN_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class SerialName:
    """A device and the line's rate in baud."""

    device: str
    baud: int = BAUD_DEFAULT

    @classmethod
    def parse(cls, text: str) -> SerialName:
        """Read DEVICE[@BAUD]; UsageError when the rate is none."""
        device, mark, rate = text.rpartition("@")
        if not mark:
            return cls(text)
        sound = rate.isdecimal() and len(rate) <= BAUD_DIGITS_MAX
        if not device or not sound or not 50 <= int(rate) <= BAUD_MAX:
            raise UsageError(
                "{text} is not DEVICE@BAUD.", "Write it like /dev/ttyUSB0@9600.", text=text
            )
        return cls(device, int(rate))

    @property
    def rate_bps(self) -> float:
        """Payload bits a second, if the line is all there is."""
        return self.baud * 8 / BITS_PER_BYTE


class SerialLine:
    """An open line. `take` is called in the loop with every datagram that comes."""

    overhead_bytes = OVERHEAD_BYTES

    def __init__(
        self, name: SerialName, take: Callable[[bytes], bool], gone: Callable[[], None]
    ) -> None:
        """`take` says whether anybody wanted the datagram; `gone` is called if the device goes."""
        self.name = name
        self.wire = Wire()
        self.on_ready: Callable[[], None] = lambda: None
        """Called in the loop when the line takes more again."""
        self._take, self._gone = take, gone
        self._deframer = Deframer()
        self._device: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._ready = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closing = False

    @property
    def road(self) -> str:
        """The road's name: two lines are two roads."""
        return f"serial:{self.name.device}"

    @property
    def address(self) -> object:
        """The device's name."""
        return self.name.device

    def open(self) -> None:
        """Open the device; DeviceMissing when it is not there or in use."""
        import serial

        try:
            self._device = serial.Serial(
                self.name.device, self.name.baud, timeout=READ_WAIT_S, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise DeviceMissing(
                "The device {device} cannot be opened: {why}.",
                "Check that it is plugged in, not in use, and that you may use it.",
                device=self.name.device,
                why=because(error),
            ) from error
        self._loop = asyncio.get_running_loop()
        for work in (self._read, self._write):
            thread = threading.Thread(target=work, name="xt serial", daemon=True)
            thread.start()
            self._threads.append(thread)

    def ready(self) -> bool:
        """While no more than a second of the line's time waits."""
        return self._waiting_bytes * BITS_PER_BYTE < self.name.baud

    def send(self, datagram: bytes) -> None:
        """Queue one datagram for the line; dropped when too much waits already."""
        data = frame(datagram)
        with self._ready:
            if self._closing or self._waiting_bytes + len(data) > WAITING_BYTES_MAX:
                return
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            self._ready.notify()
        self.wire.datagrams_out += 1
        self.wire.bytes_out += len(data)

    def _write(self) -> None:
        """A thread: write what waits."""
        while True:
            with self._ready:
                while not self._waiting and not self._closing:
                    self._ready.wait()
                if not self._waiting:
                    return
                data = self._waiting.popleft()
                was_full = not self.ready()
                self._waiting_bytes -= len(data)
                if was_full and self.ready():
                    self._tell(self.on_ready)
            try:
                self._device.write(data)
                self._device.flush()
            except _GONE:
                self._lost()
                return

    def _read(self) -> None:
        """A thread: hand what comes to the loop."""
        while not self._closing:
            try:
                data = self._device.read(1)
                data += self._device.read(self._device.in_waiting) if data else b""
            except _GONE:
                self._lost()
                return
            if data:
                self._tell(self._came, data)

    def _lost(self) -> None:
        if not self._closing:
            self._tell(self._gone)

    def _tell(self, what: Callable[..., None], *values: object) -> None:
        """Call `what` in the loop, unless that has ended."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(what, *values)
        except RuntimeError:
            self._closing = True

    def _came(self, data: bytes) -> None:
        """In the loop: bytes of the line."""
        self.wire.bytes_in += len(data)
        noise = self._deframer.noise
        for datagram in self._deframer.feed(data):
            self.wire.datagrams_in += 1
            if not self._take(datagram):
                self.wire.refused += 1
        self.wire.refused += self._deframer.noise - noise

    def close(self) -> None:
        """Let what waits leave, then close the device. Idempotent."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(JOIN_WAIT_S)
        if self._device is not None:
            self._device.close()


class SerialClient(LinkClient):
    """One link over a line of its own."""

    def __init__(
        self, node: SpooledLink, name: SerialName, on_events: Callable[[list[LinkEvent]], None]
    ) -> None:
        """Nothing is opened before `start`."""
        super().__init__(node, on_events)
        self._line = SerialLine(name, self.take, self._went)
        self._asking = asyncio.Lock()
        self._answer: asyncio.Future[bytes] | None = None

    @property
    def wire(self) -> Wire:
        """What went over the line."""
        return self._line.wire

    async def open(self) -> None:
        """Open the line; DeviceMissing when it cannot be."""
        self._line.on_ready = self.kick
        self._line.open()

    def ready(self) -> bool:
        """While little waits for the line."""
        return self._line.ready()

    def send(self, datagram: bytes) -> None:
        """Send one datagram."""
        self._line.send(datagram)

    def take(self, datagram: bytes) -> bool:
        """A datagram came: an answer to `ask`, or one for the link."""
        if kind_of(datagram) != Kind.JOIN:
            return super().take(datagram)
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(datagram)
        return True

    async def ask(self, datagram: bytes, seconds: float) -> bytes:
        """Send a JOIN datagram; the next one that comes back. TimeoutError when none does.

        One question at a time: answers do not say whose they are, whoever asked finds out.
        """
        async with self._asking:
            self._answer = asyncio.get_running_loop().create_future()
            self.send(datagram)
            return await asyncio.wait_for(self._answer, seconds)

    def _went(self) -> None:
        self.trouble = DeviceMissing(
            "The device {device} went away.", "Plug it in again; everything is kept.",
            device=str(self._line.address),
        )  # fmt: skip

    def shut(self) -> None:
        """Close the line."""
        self._line.close()


class SerialRoad:
    """A line from a station to its hub."""

    def __init__(self, text: str) -> None:
        """`text` is DEVICE[@BAUD]."""
        self._name = SerialName.parse(text)

    @property
    def name(self) -> str:
        """With the device: two lines are two roads."""
        return f"serial:{self._name.device}"

    @property
    def rate_bps(self) -> float:
        """What the line's rate lets expect."""
        return self._name.rate_bps

    async def prepare(self) -> int:
        """Nothing to look up."""
        return OVERHEAD_BYTES

    def client(self, node: SpooledLink, on_events: Callable[[list[LinkEvent]], None]) -> LinkClient:
        """The line for one link."""
        return SerialClient(node, self._name, on_events)


def attach(server: LinkServer, text: str, gone: Callable[[], None]) -> SerialLine:
    """A line as one more road of a hub: open, and any number of stations may be at its end."""
    line: SerialLine

    def take(datagram: bytes) -> bool:
        return server.take(datagram, line)

    line = SerialLine(SerialName.parse(text), take, gone)
    line.on_ready = lambda: server.kick_way(line)
    line.open()
    return line
