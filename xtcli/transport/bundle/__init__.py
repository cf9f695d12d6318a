"""Bundles: opaque parts, packed small, sealed to one station, and wrapped for carriers.

    Part(body, raw) --pack--> bytes --seal--> sealed --wrap--> envelope

`pack` makes the parts small, `seal` makes them readable by one station only, `wrap` gives a
carrier without a link (a stick, a web request, a short message) the little it must know. What a
part means, who wrote it and whether it is true are for other rooms. The bytes are laid down in
docs/format/bundle.md. Nothing here reads a clock, a file of the user or randomness: `entropy` is
an argument; the only files read are the tables shipped in `xtcli/transport/data`.
"""
