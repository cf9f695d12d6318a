"""The shell around short messages: a plug-in command that sends and receives single messages.

The command runs while `xt sync --via sms:COMMAND` does. Both sides write lines (docs/CARRIERS.md):

    to the command      SEND number address base64
    from the command    SIZE bytes | PACE seconds | RECV address base64 | SENT number |
                        FAIL number words

The command has a session of its own: Ctrl-C reaches xt alone, which lets the command end in peace.
It knows processes and lines. What the messages mean is for `roads_sms`.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from xtcli.errors import BundleRejected, ExitCode, LinkDown, UsageError
from xtcli.lang import tr
from xtcli.lang.system import because, harmless
from xtcli.station import roads_settings
from xtcli.station.intake import Arrival
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_sms import MESSAGES_MAX, ROAD, ShortMessages, ToSend
from xtcli.station.roads_store import RoadStore
from xtcli.transport.carriers.short import MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN

READY_SECONDS = 60.0
"""How long the command may take to say its SIZE."""
ANSWER_SECONDS = 300.0
"""How long it may take to send one message."""
LOOK_SECONDS = 0.2
DUE_SECONDS = 5.0
STOP_SECONDS = 5.0
BABBLE_MAX = 200
"""Lines that are not understood, after which the command is not listened to any more."""
LINE_BYTES_MAX = 16_384
WORDS_MAX = 100
"""Characters kept of what the command says about a failure."""
MESSAGES_SETTING = "XT_SMS_MESSAGES"


@dataclass(slots=True)
class ModemReport:
    """How an exchange of short messages ended. Messages, not bundles, cost money."""

    road: str = ROAD
    messages_sent: int = 0
    messages_received: int = 0
    put: int = 0
    taken: int = 0
    refused: int = 0
    failed: int = 0
    left: int = 0
    records: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    again: int = 0
    """Messages received that brought nothing, because what they carry had come before."""
    waiting_records: int = 0
    waiting_blobs: int = 0
    reasons: list[str] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.OK


class Modem:
    """One run of the plug-in command."""

    def __init__(self, command: list[str], mail: Mail, store: RoadStore,
                 on_new: Callable[[Arrival], None]) -> None:  # fmt: skip
        """Nothing runs before `run`. UsageError when a setting is wrong."""
        self.command = command
        self.mail = mail
        self.store = store
        self.on_new = on_new
        self.on_step: Callable[[ModemReport], None] = lambda report: None
        """Called after each message: a network may take a minute for one."""
        self.report = ModemReport()
        self.short: ShortMessages | None = None
        self.stopping = False
        """Set it to end the run soon."""
        self._most = int(roads_settings.number(MESSAGES_SETTING, MESSAGES_MAX, 1))
        self._pace = 0.0
        self._ready = asyncio.Event()
        self._queue: deque[ToSend] = deque()
        self._answer: asyncio.Future[bool] | None = None
        self._number = 0
        self._babble = 0
        self._changed = True
        self._told: dict[str, int] = {}

    async def run(self, seconds: float, watch: bool) -> ModemReport:
        """Exchange until nothing waits that short messages can carry, or `seconds` have passed
        (0: no end)."""
        process = await self._start()
        reader = asyncio.create_task(self._read(process))
        sender = asyncio.create_task(self._send(process))
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds if seconds else float("inf")
        try:
            await self._until_ready(reader, min(READY_SECONDS, end - loop.time()))
            done = await self._steps(reader, end, watch)
        except asyncio.CancelledError:
            # Ctrl-C: what was sent and received until now is told.
            self.report.exit_code, done = ExitCode.STOPPED, True
        finally:
            sender.cancel()
            if self.short is not None:
                self.short.unsent(self._queue)
            await self._stop(process, reader)
            self._count()
        if not done and not watch:
            self.report.exit_code = ExitCode.WAITING
        return self.report

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                limit=LINE_BYTES_MAX, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(
                "The command {command} cannot be run: {why}.", "Check its name and that it is"
                " executable.", command=self.command[0], why=because(error),
            ) from error  # fmt: skip

    async def _until_ready(self, reader: asyncio.Task[None], seconds: float) -> None:
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, reader}, timeout=seconds,
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        if not self._ready.is_set():
            ready.cancel()
            raise LinkDown(
                "The command {command} did not say how long its messages are.",
                "It must begin with a line like: SIZE 1750 (from {least} to {most})",
                command=self.command[0], least=MESSAGE_BYTES_MIN, most=MESSAGE_BYTES_MAX,
            )  # fmt: skip

    async def _steps(self, reader: asyncio.Task[None], end: float, watch: bool) -> bool:
        """Look at the log, send what is due; whether nothing waits at the end."""
        loop = asyncio.get_running_loop()
        version, looked = -1, -DUE_SECONDS
        while loop.time() < end and not self.stopping:
            now, found = loop.time(), self.mail.station.log.data_version()
            if self._changed or found != version or now - looked >= DUE_SECONDS:
                self._changed, version, looked = False, found, now
                assert self.short is not None
                self._queue += self.short.due(self.mail.station.clock())
                self._note()
            if self._idle() and not watch:
                return True
            if reader.done():
                raise LinkDown(
                    "The command {command} ended.", "See what it said; what waits is kept.",
                    command=self.command[0],
                )  # fmt: skip
            await asyncio.sleep(LOOK_SECONDS)
        return self._idle()

    def _idle(self) -> bool:
        """Nothing that short messages can carry waits, nor its receipt."""
        assert self.short is not None
        mine, self.report.left = self.short.waiting()
        return not mine and not self._queue and self._answer is None

    async def _send(self, process: asyncio.subprocess.Process) -> None:
        """Hand messages over, one at a time."""
        assert process.stdin is not None
        while True:
            if not self._queue:
                await asyncio.sleep(LOOK_SECONDS / 4)
                continue
            one = self._queue.popleft()
            self._number += 1
            text = base64.b64encode(one.data).decode()
            self._answer = asyncio.get_running_loop().create_future()
            process.stdin.write(f"SEND {self._number} {one.to} {text}\n".encode())
            try:
                await process.stdin.drain()
                good = await asyncio.wait_for(self._answer, ANSWER_SECONDS)
            except TimeoutError:
                good = False
            except ConnectionError:
                # The command has ended: this message was never handed over.
                self._queue.appendleft(one)
                self._answer = None
                return
            self._answer = None
            self._sent(one, good)
            await asyncio.sleep(self._pace)

    def _sent(self, one: ToSend, good: bool) -> None:
        assert self.short is not None
        if not good:
            self.report.failed += 1
            self.short.failed(one, self.mail.station.clock())
            return
        self.report.messages_sent += 1
        self.report.bytes_sent += len(one.data)
        self.report.put += one.last
        self.short.handed_over(one)
        self.on_step(self.report)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Lines of the command, until it ends. A line that says nothing known is counted."""
        assert process.stdout is not None
        while self._babble < BABBLE_MAX:
            try:
                line = await process.stdout.readline()
            except ValueError:
                line = b"too long"
            if not line:
                return
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        """One line of the command, whatever it says."""
        try:
            self._line(line.decode("ascii").split())
        except (ValueError, IndexError):
            self._babble += 1
            self._refuse(tr("The command said something that is not understood."))
        except BundleRejected as error:
            self._refuse(str(error))

    def _refuse(self, reason: str) -> None:
        self.report.refused += 1
        self._tell(reason)

    def _tell(self, reason: str) -> None:
        if len(self.report.reasons) < BABBLE_MAX and reason not in self.report.reasons:
            self.report.reasons.append(reason)

    def _line(self, words: list[str]) -> None:
        """Act on one line."""
        match words:
            case ["SIZE", size]:
                self._sized(int(size))
            case ["PACE", seconds]:
                self._pace = min(3600.0, max(0.0, float(seconds)))
            case ["RECV", address, text]:
                self._received(address, base64.b64decode(text, validate=True))
            case ["SENT" | "FAIL" as what, number, *why]:
                if int(number) == self._number and self._answer and not self._answer.done():
                    self._answer.set_result(what == "SENT")
                    if what == "FAIL":
                        said = harmless(" ".join(why), WORDS_MAX) or what
                        self._tell(tr("The network did not take a message: {why}", why=said))
            case _:
                raise ValueError("unknown line")

    def _sized(self, size: int) -> None:
        if self.short is None and MESSAGE_BYTES_MIN <= size <= MESSAGE_BYTES_MAX:
            self.short = ShortMessages(self.mail, self.store, size, self._most)
            self._ready.set()

    def _received(self, address: str, message: bytes) -> None:
        if self.short is None:
            raise ValueError("RECV before SIZE")
        self.report.messages_received += 1
        self.report.bytes_received += len(message)
        self._changed = True
        arrival = self.short.receive(address, message, self.mail.station.clock())
        self.report.again = self.short.again
        if arrival is not None:
            self.report.taken += 1
            self.report.records += len(arrival.new)
            self.on_new(arrival)
        self.on_step(self.report)

    async def _stop(self, process: asyncio.subprocess.Process, reader: asyncio.Task[None]) -> None:
        """Close its input, and end it if it does not end."""
        assert process.stdin is not None
        with suppress(ConnectionError):
            process.stdin.close()
        if reader.done() and not _ended(process):
            # Nobody reads what it says: it might wait for that and never end.
            _kill(process)
            await _in_time(_drain(process))
        if not await _in_time(process.wait()):
            _kill(process)
            await _in_time(process.wait())
        # Something that it left behind may hold its output open: do not wait for that.
        process._transport.close()  # type: ignore[attr-defined]
        reader.cancel()
        for problem in await asyncio.gather(reader, return_exceptions=True):
            if isinstance(problem, Exception):
                raise problem

    def _count(self) -> None:
        report, station = self.report, self.mail.station
        each = [station.log.waiting(peer) for peer in self.mail.peers()]
        report.waiting_records = sum(one.records for one in each)
        report.waiting_blobs = sum(one.blobs for one in each)
        self._note()

    def _note(self) -> None:
        """Write down what has been counted since the last time: a hub's command runs for weeks."""
        report = self.report
        counts = {
            "put": report.messages_sent, "taken": report.messages_received,
            "refused": report.refused, "bytes_out": report.bytes_sent,
            "bytes_in": report.bytes_received, "again": report.again,
        }  # fmt: skip
        more = {name: count - self._told.get(name, 0) for name, count in counts.items()}
        if any(more.values()):
            self._told = counts
            heard = more["taken"] > more["refused"]
            self.store.count(ROAD, self.mail.station.clock() if heard else None, **more)


async def _in_time(work: Coroutine[object, object, object]) -> bool:
    """Whether it was done within the time that a command has to end."""
    try:
        await asyncio.wait_for(work, STOP_SECONDS)
    except TimeoutError:
        return False
    return True


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read what an ended command has left: only then does its pipe close."""
    assert process.stdout is not None
    while await process.stdout.read(LINE_BYTES_MAX):
        pass


def _ended(process: asyncio.subprocess.Process) -> bool:
    """Whether the command has closed its output: all that it said was read."""
    return process.stdout is None or process.stdout.at_eof()


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a command with all that it has started: they hold its output open."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
