"""A TCP download in virtual time, to stand beside a link on the same road.

NewReno with cumulative acknowledgements, fast retransmit, partial-ack recovery and RFC 6298
time-outs (RFC 5681, RFC 6582); an endless transfer. It is a competitor, not a measurement of TCP.
"""

from __future__ import annotations

import struct

SEGMENT_BYTES = 1460
HEADER_BYTES = 12
"""With the 28 bytes that the emulator adds: the 40 bytes of IPv4 and TCP headers."""
ACK = struct.Struct(">I")


class TcpSender:
    """Sends segments 0, 1, 2 … as its window allows."""

    def __init__(self) -> None:
        """Slow start from 10 segments (RFC 6928)."""
        self.window = 10.0
        self.threshold = 1e9
        self.sent = 0
        self.acked = 0
        self._recover = -1
        self._duplicates = 0
        self._times: dict[int, float] = {}
        self._srtt: float | None = None
        self._rttvar = 0.0
        self._rto = 1.0
        self._timer: float | None = None
        self._queue: list[int] = []

    def timer(self) -> float | None:
        """When the retransmission time-out fires."""
        return self._timer

    def send(self, now: float) -> list[bytes]:
        """Segments to send now."""
        if self._timer is not None and now >= self._timer:
            self.threshold = max(2.0, (self.sent - self.acked) / 2)
            self.window, self._duplicates, self._recover = 1.0, 0, self.sent
            self._rto = min(60.0, 2 * self._rto)
            self._queue, self._times = [self.acked], {}
            self._timer = now + self._rto
            self.sent = self.acked + 1
        numbers, self._queue = self._queue, []
        while self.sent - self.acked < int(self.window):
            numbers.append(self.sent)
            self._times[self.sent] = now
            self.sent += 1
        if numbers and self._timer is None:
            self._timer = now + self._rto
        filler = bytes(SEGMENT_BYTES + HEADER_BYTES - ACK.size)
        return [ACK.pack(number) + filler for number in numbers]

    def acknowledge(self, packet: bytes, now: float) -> None:
        """An acknowledgement came: everything below its number is there."""
        number = ACK.unpack_from(packet)[0]
        if number > self.acked:
            self._advance(number, now)
        elif number == self.acked and self.sent > self.acked:
            self._duplicates += 1
            if self._duplicates == 3 and self.acked > self._recover:
                self.threshold = max(2.0, (self.sent - self.acked) / 2)
                self.window = self.threshold + 3
                self._recover = self.sent
                self._queue.append(self.acked)
            elif self._duplicates > 3:
                self.window += 1

    def _advance(self, number: int, now: float) -> None:
        sent_at = self._times.get(number - 1)
        if sent_at is not None:
            self._measure(now - sent_at)
        for one in range(self.acked, number):
            self._times.pop(one, None)
        fresh = number - self.acked
        self.acked = number
        self.sent = max(self.sent, number)
        if number <= self._recover and self._duplicates >= 3:
            self._queue.append(number)
            self.window = max(1.0, self.window - fresh + 1)
        elif self._duplicates >= 3:
            self.window, self._duplicates = self.threshold, 0
        else:
            self._duplicates = 0
            self.window += fresh if self.window < self.threshold else fresh / self.window
        self._timer = now + self._rto if self.sent > self.acked else None

    def _measure(self, rtt: float) -> None:
        if self._srtt is None:
            self._srtt, self._rttvar = rtt, rtt / 2
        else:
            self._rttvar += 0.25 * (abs(rtt - self._srtt) - self._rttvar)
            self._srtt += 0.125 * (rtt - self._srtt)
        self._rto = max(1.0, self._srtt + 4 * self._rttvar)


class TcpReceiver:
    """Acknowledges every segment."""

    def __init__(self) -> None:
        """Expect segment 0."""
        self.expected = 0
        self.bytes = 0
        self._early: set[int] = set()

    def receive(self, packet: bytes) -> bytes:
        """The acknowledgement for a segment."""
        number = ACK.unpack_from(packet)[0]
        if number >= self.expected and number not in self._early:
            self.bytes += len(packet) + 28
            self._early.add(number)
        while self.expected in self._early:
            self._early.remove(self.expected)
            self.expected += 1
        return ACK.pack(self.expected) + bytes(HEADER_BYTES)
