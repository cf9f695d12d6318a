"""Bad links on demand: a seeded emulator of slow, lossy, jittery, interrupted packet links.

`core` and `profiles` are sans-IO and serve the simulations; `relay` (UDP) and `tun` (IP packets
between network namespaces) are the shells that put real programs behind the same core.
It carries packets whole and never looks inside them.
"""
