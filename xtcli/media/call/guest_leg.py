"""The line to a guest's browser: ICE and DTLS-SRTP by aiortc, RTP packets in and out as they are.

A shell that needs an asyncio loop. aiortc's senders, receivers and SDP are not used: packets are
the call core's own (`guest`), so they are taken where DTLS hands them out. That is a private name:
the version is pinned (1.16). It refuses to know what is in the packets and by what road the two
ends were told of each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from xtcli.errors import BundleRejected
from xtcli.media.call.guest_end import CANDIDATES_MAX, LETTERS, Candidate, LineEnd

GATHER_SECONDS = 6.0
"""A STUN server that does not answer must not hold a call up for longer."""
PACKETS_MAX = 32


def _transports(ice_servers: Sequence[dict[str, Any]], take: Callable[[bytes], None]) -> Any:
    """Gatherer, ICE and DTLS, unconnected."""
    from aiortc import (
        RTCCertificate,
        RTCDtlsTransport,
        RTCIceGatherer,
        RTCIceServer,
        RTCIceTransport,
    )

    class Dtls(RTCDtlsTransport):  # type: ignore[misc,unused-ignore]
        """Hands every packet on, opened and otherwise as it came."""

        async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
            take(data)

        async def _handle_rtcp_data(self, data: bytes) -> None:
            take(data)

    gatherer = RTCIceGatherer([RTCIceServer(**one) for one in ice_servers])
    ice = RTCIceTransport(gatherer)
    return gatherer, ice, Dtls(ice, [RTCCertificate.generateCertificate()])


class GuestLeg:
    """This side's end of the line. Use it once."""

    def __init__(
        self, ice_servers: Sequence[dict[str, Any]], take: Callable[[bytes], None], *,
        controlling: bool = True,
    ) -> None:  # fmt: skip
        """`take` gets every RTP and RTCP packet, opened. Nothing is sent before `gather`.

        `ice_servers`: dictionaries with `urls`, and `username` and `credential` for TURN.
        """
        self.heard_at: float | None = None
        """When anything came last, by `time.monotonic`."""
        self._take_on = take
        self._gatherer, self._ice, self._dtls = _transports(ice_servers, self._take)
        self._ice._connection.ice_controlling = controlling
        self._dtls._set_role("server" if controlling else "client")
        self._out: asyncio.Queue[bytes] = asyncio.Queue(PACKETS_MAX)
        self._tasks: list[asyncio.Task[None]] = []

    def _take(self, packet: bytes) -> None:
        self.heard_at = time.monotonic()
        self._take_on(packet)

    @property
    def connected(self) -> bool:
        """Whether sound can pass."""
        return str(self._dtls.state) == "connected"

    @property
    def failed(self) -> bool:
        """Whether it never will again."""
        return self._dtls.state in ("failed", "closed") or self._ice.state in ("failed", "closed")

    async def gather(self) -> LineEnd:
        """This end, for the other side."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                await self._gatherer.gather()
        found = self._gatherer.getLocalParameters()
        prints = self._dtls.getLocalParameters().fingerprints
        value = next(one.value for one in prints if one.algorithm == "sha-256")
        return LineEnd(
            found.usernameFragment, found.password, value.replace(":", "").lower(),
            tuple(self._candidates()),
        )  # fmt: skip

    def _candidates(self) -> list[Candidate]:
        """The best of what was gathered: link-local addresses last, room left for relays."""
        found: list[Candidate] = []
        for one in self._gatherer.getLocalCandidates():
            if one.protocol == "udp" and one.type in LETTERS:
                with suppress(BundleRejected):
                    found.append(Candidate(one.type, one.ip.split("%")[0], one.port))
        found.sort(key=lambda one: (list(LETTERS).index(one.kind), one.address.startswith("fe80")))
        relays = [one for one in found if one.kind != "host"]
        hosts = [one for one in found if one.kind == "host"]
        return hosts[: CANDIDATES_MAX - len(relays)] + relays[:CANDIDATES_MAX]

    def connect(self, other: LineEnd) -> None:
        """Find the way to the other end and agree on keys; look at `connected` and `failed`."""
        self._tasks.append(asyncio.create_task(self._connect(other)))

    async def _connect(self, other: LineEnd) -> None:
        from aiortc import (
            RTCDtlsFingerprint,
            RTCDtlsParameters,
            RTCIceCandidate,
            RTCIceParameters,
        )

        for place, one in enumerate(other.candidates):
            await self._ice.addRemoteCandidate(RTCIceCandidate(
                component=1, foundation=str(place), ip=one.address, port=one.port,
                priority=one.priority(place), protocol="udp", type=one.kind,
            ))  # fmt: skip
        await self._ice.addRemoteCandidate(None)
        await self._ice.start(RTCIceParameters(other.user, other.password))
        if self._ice.state != "completed":
            return
        value = ":".join(other.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
        await self._dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", value)]))
        if self.connected:
            self.heard_at = time.monotonic()
            await self._pump()

    async def _pump(self) -> None:
        """Send what waits, in turn."""
        while self.connected:
            packet = await self._out.get()
            try:
                await self._dtls._send_rtp(packet)
            except ConnectionError:
                return

    def send(self, packet: bytes) -> None:
        """Send an RTP or RTCP packet now; when many wait, the oldest is dropped."""
        if self._out.full():
            self._out.get_nowait()
        self._out.put_nowait(packet)

    async def close(self) -> None:
        """End it; the other side's DTLS is told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._dtls.stop()
        await self._ice.stop()
