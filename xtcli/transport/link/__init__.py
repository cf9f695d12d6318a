"""The link: sealed bundles between two stations over datagrams that get lost.

`session.Link` is the sans-IO core that a shell feeds with datagrams and time. `frames` is its
format (docs/format/link.md), `rate` its rate control (docs/RATE-CONTROL.md), `sending` and
`receiving` its two halves, `keys` its keyed tags, `events` what it tells.

It refuses to know records, people, sockets, files, clocks and randomness. It knows two station
numbers, a key, opaque sealed bundles and priorities.
"""
