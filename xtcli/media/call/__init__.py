"""The live call: sound between two stations over links that lose, delay and cut.

Read `session` first: everything revolves around `CallSession`. Below it, one idea a module:

    packet, keys     what a datagram says, and how it is sealed from end to end
    sender, flight   packing with delayed copies; what became of each datagram
    ledger           which spoken frames the other side has heard: the rest becomes a note
    arrivals         what came in and how late: the receiver's report
    playout, conceal the clock that decides what is played when, and what fills a gap
    rate, ladder     what the link carries, and which rung of the ladder that allows
    states, events   ringing, talking, leaving as a table; what the caller of this room is told

All of it is sans-IO: `now` (seconds, any monotonic origin) and `entropy` are arguments. It refuses
to know who is calling, why, over which socket, and what the words of a case are. The bytes on the
wire are written down in docs/format/call.md.
"""
