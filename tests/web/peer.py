"""A guest without a browser: the same papers, the same line, speech over and over."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from tests.call.speech import frames_of
from tests.web.browser import Browser
from tests.web.realm import NAME, speech
from xtcli.errors import BundleRejected
from xtcli.hub.web_rooms import mark_of
from xtcli.media.call import rtp
from xtcli.media.call.guest_end import read_end
from xtcli.media.call.guest_leg import GuestLeg
from xtcli.media.opus import Decoder
from xtcli.station.calls_guest_paper import GuestLink, Papers


def post(url: str, document: object) -> tuple[int, Any]:
    """POST a document: status and answer."""
    request = urllib.request.Request(url, json.dumps(document).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, None


def link_of(url: str) -> tuple[str, GuestLink]:
    """The page's address with its room, and the link."""
    page, key = url.split("#")
    room = page.rsplit("/", 1)[1]
    return page, GuestLink(*(base64.urlsafe_b64decode(one + "==") for one in (room, key)))


class Guest:
    """See the module."""

    def __init__(self, url: str, *, keep: bool = False, before: Guest | None = None) -> None:
        """`before`: the same tab before it was loaded again."""
        self.page, self.link = link_of(url)
        self.papers = Papers(self.link.room, self.link.key, "guest", os.urandom)
        me = before.papers.document["me"] if before is not None else os.urandom(8).hex()
        self.papers.write({"me": me, "n": NAME, "k": int(keep)}, time.monotonic())
        self.token: str = before.token if before is not None else ""
        self.theirs: dict[str, Any] = {}
        self.states: list[str] = []
        self.refused = 0
        self.status = 0
        self.browser = Browser(frames_of(speech()))
        self.packets: dict[int, bytes] = {}
        self._mark = ""
        self._offer = 0
        self._leg: GuestLeg | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def enter(self) -> int:
        """Take the room; the status. After a reload it is taken already."""
        if self.token:
            self._tasks += [asyncio.create_task(one()) for one in (self._listen, self._tell)]
            return 200
        found = {"pass": self.link.password.hex()}
        status, answer = await asyncio.to_thread(post, self.page, found)
        if status == 200:
            self.token = answer["t"]
            self._take(answer)
            self._tasks += [asyncio.create_task(one()) for one in (self._listen, self._tell)]
        return status

    def _take(self, answer: dict[str, Any]) -> None:
        if "p" not in answer:
            return
        paper = base64.b64decode(answer["p"])
        self._mark = mark_of(paper)
        try:
            self.theirs = self.papers.take(paper, time.monotonic())
        except BundleRejected:
            self.refused += 1
            return
        if not self.states or self.states[-1] != self.theirs["st"]:
            self.states.append(self.theirs["st"])
        offer = self.theirs.get("of")
        if offer and offer["o"] > self._offer:
            self._offer = offer["o"]
            self._tasks.append(asyncio.create_task(self._connect(offer)))

    async def _ask(self, **more: str) -> None:
        document = {"t": self.token, "h": self._mark, **more}
        try:
            self.status, answer = await asyncio.to_thread(post, self.page, document)
        except OSError:
            # The page asks again, too.
            return
        if answer is not None:
            self._take(answer)

    async def _listen(self) -> None:
        while self.status in (0, 200):
            await self._ask()

    async def _tell(self) -> None:
        while True:
            paper = self.papers.send(time.monotonic())
            if paper is not None:
                await self._ask(p=base64.b64encode(paper).decode())
            await asyncio.sleep(0.05)

    async def _connect(self, offer: dict[str, Any]) -> None:
        self._leg = leg = GuestLeg([], self._heard, controlling=False)
        end = await leg.gather()
        answer = {"a": {"o": offer["o"], **end.document()}}
        self.papers.write({**self.papers.document, **answer}, time.monotonic())
        leg.connect(read_end(offer))
        while not leg.connected:
            await asyncio.sleep(0.02)
        due, number = time.monotonic(), 0
        while leg.connected:
            if self.theirs.get("st") == "on":
                leg.send(self.browser.say(number))
            if number % 4 == 0 and (feedback := self.browser.feedback()) is not None:
                leg.send(feedback)
            number, due = number + 1, due + 0.06
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _heard(self, packet: bytes) -> None:
        self.browser.take(packet, time.monotonic())
        with suppress(BundleRejected):
            for block in rtp.decode_rtp(packet).blocks:
                self.packets[block.timestamp] = block.packet

    def sound(self) -> bytes:
        """All that came, one frame after the other."""
        decoder = Decoder()
        return b"".join(decoder.decode(self.packets[at]) for at in sorted(self.packets))

    async def until(self, state: str, seconds: float = 90.0) -> None:
        """Wait for the station to say so."""
        end = time.monotonic() + seconds
        while state not in self.states:
            ended = [repr(one.exception()) for one in self._tasks if one.done()]
            assert time.monotonic() < end, (self.states, self.status, self.refused, ended)
            await asyncio.sleep(0.05)

    async def heard(self, seconds: float = 90.0) -> None:
        """Wait for sound."""
        async with asyncio.timeout(seconds):
            while len(self.packets) < 20:
                await asyncio.sleep(0.05)

    async def leave(self) -> None:
        """Hang up, as with the button."""
        self.papers.write({**self.papers.document, "l": 1}, time.monotonic())
        await self.until("over")

    async def vanish(self) -> None:
        """The browser is killed: not a word to anybody, the line just falls silent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Let go."""
        await self.vanish()
        if self._leg is not None:
            await self._leg.close()
