"""WebRTC through aiortc: a call straight between two stations, and a browser as a sound device.

Two shells, both needing an asyncio loop; aiortc is loaded only when one of them is made.

* `Direct` carries the payloads of a `CallSession` as the payloads of RTP packets. ICE finds the way
  through NATs, DTLS-SRTP wraps what is already sealed, and aiortc's codecs never see it.
* `BrowserLeg` stands in for the microphone and the loudspeaker of a station: a browser in which a
  person talks. The station is an end of the call, so this leg is sealed from browser to station.

aiortc's own audio receiver loses 23 % of the sound on a link that loses 5 %, so its jitter buffer
is replaced by a tap and the playout is ours. That is a private name: the version is pinned (1.16).
It refuses to know signalling: SDP comes and goes as text by whatever road there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from xtcli.errors import DeviceMissing, PeerMisbehaved
from xtcli.media.call.line import Line
from xtcli.media.opus import FRAME_SAMPLES, Encoder

AROUND_WEBRTC_BYTES = 64
"""RTP 12, extensions 8, SRTP-GCM 16, UDP and IPv4 28 (measured)."""
SDP_CHARS_MAX = 20_000
QUEUE_MAX = 16
BROWSER_BPS = 24_000
CLOCK_HZ = 48_000
FRAME_TICKS = CLOCK_HZ * 60 // 1000
_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class _Tap:
    """In the place of aiortc's jitter buffer: hands every packet on and keeps none."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        self._take = take

    def add(self, packet: Any) -> tuple[bool, None]:
        """What `JitterBuffer.add` is called for."""
        self._take(packet)
        return False, None


def _tap(receiver: Any, take: Callable[[Any], None]) -> None:
    if not hasattr(receiver, _BUFFER):
        raise DeviceMissing(
            "The installed aiortc is not the one xt knows, so WebRTC calls are off.",
            "Install aiortc 1.16; calls over the xt link work without it.",
        )
    setattr(receiver, _BUFFER, _Tap(take))


def _track(queue: asyncio.Queue[bytes]) -> Any:
    """An audio track whose packets are ready made: aiortc sends them as they are."""
    import av
    from aiortc import MediaStreamTrack

    class Ready(MediaStreamTrack):  # type: ignore[misc,unused-ignore]
        kind = "audio"
        ticks = 0

        async def recv(self) -> Any:
            packet = av.Packet(await queue.get())
            packet.pts, packet.time_base = self.ticks, Fraction(1, CLOCK_HZ)
            self.ticks += FRAME_TICKS
            return packet

    return Ready()


class _Peer:
    """What both have: a peer connection with one audio line, tapped."""

    def __init__(self) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_MAX)
        # No STUN server: a clinic's computer must not ask a stranger's at every call.
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._pc.addTrack(_track(self._queue))
        for transceiver in self._pc.getTransceivers():
            _tap(transceiver.receiver, self._take)

    def _take(self, packet: Any) -> None:
        raise NotImplementedError

    @property
    def state(self) -> str:
        """As WebRTC calls it: "new", "connecting", "connected", "failed", "closed"."""
        return str(self._pc.connectionState)

    async def offer(self) -> str:
        """SDP for the other side, with all candidates in it."""
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return str(self._pc.localDescription.sdp)

    async def answer(self, offer: str) -> str:
        """SDP in answer to `offer`; `PeerMisbehaved` when that is none."""
        await self._remote(offer, "offer")
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        return str(self._pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the other side's answer."""
        await self._remote(answer, "answer")

    async def _remote(self, sdp: str, kind: str) -> None:
        from aiortc import RTCSessionDescription
        from aiortc.exceptions import InvalidStateError

        try:
            if len(sdp) > SDP_CHARS_MAX or "m=audio" not in sdp:
                raise ValueError("no audio")
            await self._pc.setRemoteDescription(RTCSessionDescription(sdp, kind))
        # aiortc's SDP parser raises whatever its parts raise on text that is not SDP.
        except (
            ValueError,
            LookupError,
            AttributeError,
            AssertionError,
            InvalidStateError,
        ) as error:
            raise PeerMisbehaved(
                "The other side's WebRTC description cannot be read.",
                "Reload the page there and call again.",
            ) from error

    async def close(self) -> None:
        """Hang up the connection."""
        await self._pc.close()

    def _push(self, data: bytes) -> None:
        if self._queue.full():
            # Never queue sound: the oldest goes.
            self._queue.get_nowait()
        self._queue.put_nowait(data)


class Direct(_Peer):
    """A road for the payloads of a call, from station to station.

    Make the session with `around_bytes=AROUND_WEBRTC_BYTES`.
    """

    def __init__(self, on_payload: Callable[[bytes], None]) -> None:
        """`on_payload` gets every payload that comes, on the loop's thread."""
        super().__init__()
        self._on_payload = on_payload

    def send(self, payload: bytes) -> None:
        """Send one payload now."""
        self._push(payload)

    def _take(self, packet: Any) -> None:
        if packet.payload:
            self._on_payload(bytes(packet.payload))


class BrowserLeg(_Peer):
    """A browser's microphone and loudspeaker, 60 ms at a time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds: packets are stamped with it as they come."""
        super().__init__()
        self._clock = clock
        self._line = Line()
        self._encoder = Encoder(BROWSER_BPS, dtx=False)
        self.heard_at: float | None = None
        """When a packet of the browser came last, by `clock`."""

    def _take(self, packet: Any) -> None:
        self.heard_at = self._clock()
        self._line.add(packet.timestamp, bytes(packet.payload), self._clock())

    def microphone(self, now: float) -> bytes:
        """60 ms of PCM from the browser; ask every 60 ms."""
        return self._line.play(now, FRAME_SAMPLES)

    def loudspeaker(self, pcm: bytes) -> None:
        """60 ms of PCM to the browser."""
        self._push(self._encoder.encode(pcm))
