"""Writes tests/vectors/link: `python tests/link/make_vectors.py`. Deterministic.

Each file: header lines `name: value`, an empty line, the datagram in hex. `expect` is `fresh` or
`reject`; a refusal has one cause, named in `comment`. A vector is received by station `receiver`
from station `sender` with key 00 01 … 1f.
"""

from __future__ import annotations

from pathlib import Path

from xtcli.transport.link.frames import (
    Ask,
    ControlItem,
    Done,
    Have,
    Kind,
    Poll,
    Refused,
    Report,
    Resync,
    Status,
    Symbol,
    Whole,
    Withdrawn,
    pack_content,
)
from xtcli.transport.link.keys import Seal
from xtcli.transport.symbols import Encoder, bundle_tag

FOLDER = Path(__file__).parents[1] / "vectors" / "link"
KEY = bytes(range(32))
POST_TO_HUB = Seal(KEY, 1, 0)


def sealed(content: bytes) -> bytes:
    """With the tag of the way from the post to the hub."""
    return content + POST_TO_HUB.tag(content)


def control(items: bytes) -> bytes:
    """A control datagram with these item bytes."""
    return sealed(pack_content(1, 1, [], None, report=False) + items)


def vectors() -> dict[str, tuple[str, str, bytes]]:
    """Every vector: name -> (expect, comment, datagram)."""
    hello = Whole(b"hello", 1)
    whole = pack_content(1, 1, [], hello, report=True)
    data = bytes(range(250)) * 12
    encoder = Encoder(data, 1000)
    tag = bundle_tag(data)

    def symbol(index: int, length: int = 3000, payload: bytes | None = None) -> bytes:
        shown = encoder.symbol(index) if payload is None else payload
        return sealed(pack_content(1, 1, [], Symbol(tag, index, length, shown, 5), report=False))

    report = Report(7, 6, 1.5, 0.25, ((1, 0.5), (2, 1.0)))
    everything: list[ControlItem] = [report, Have(tag, 1000, 3, (1,)), Done(tag), Refused(tag, 9)]
    everything2: list[ControlItem] = [
        Poll(3),
        Status(3, 2, 5000),
        Ask(tag),
        Resync(9),
        Withdrawn(tag),
    ]
    items = [*everything, *everything2]
    flipped = bytearray(sealed(whole))
    flipped[9] ^= 1
    good = {
        "whole": ("a whole bundle, report asked for", sealed(whole)),
        "symbol-source": ("the second source symbol of three", symbol(1)),
        "symbol-repair": ("the first repair symbol of three", symbol(3)),
        "control": (
            "every item, then a whole bundle riding",
            sealed(pack_content(1, 1, items, hello, report=False)),
        ),
    }
    bad = {
        "tag-flipped": ("one bit of the bundle is another", bytes(flipped)),
        "tag-other-way": ("tagged for the other direction", whole + Seal(KEY, 0, 1).tag(whole)),
        "tag-other-key": ("another link key", whole + Seal(bytes(32), 1, 0).tag(whole)),
        "sender-wrong": (
            "from station 2",
            (other := pack_content(2, 1, [], hello, report=False)) + Seal(KEY, 2, 0).tag(other),
        ),
        "short": ("shorter than any datagram", sealed(whole)[:10]),
        "head-cut": ("tag checks, head is cut", sealed(whole[:5])),
        "version": ("version bit set", sealed(bytes([whole[0] | 0x80]) + whole[1:])),
        "kind-unknown": ("kind 5", sealed(bytes([5 << 3]) + whole[1:])),
        "kind-join": ("JOIN is not of the link", sealed(bytes([Kind.JOIN << 3]) + whole[1:])),
        "whole-empty": ("a whole bundle of no bytes", sealed(whole[:7])),
        "symbol-cut": ("no payload", symbol(0, payload=b"")),
        "symbol-length-0": ("a bundle of length 0", symbol(0, length=0)),
        "symbol-index": ("index 256 of one block", symbol(256, payload=bytes(1000))),
        "symbol-blocks": ("more than 128 blocks", symbol(0, length=20_000, payload=b"x")),
        "item-unknown": ("item 12", control(b"\x0c")),
        "withdrawn-cut": ("WITHDRAWN with three bytes of tag", control(b"\x09abc")),
        "item-cut": ("DONE with three bytes of tag", control(b"\x03abc")),
        "report-cut": ("REPORT without its end", control(b"\x01" + bytes(5))),
        "report-many": (
            "REPORT of 4 earlier arrivals",
            control(b"\x01" + bytes(11) + b"\x04" + bytes(12)),
        ),
        "have-blocks": (
            "HAVE with 129 blocks",
            control(b"\x02" + tag + b"\x03\xe8\x00\x00\x81" + bytes(129)),
        ),
        "have-size-0": (
            "HAVE with symbols of no bytes",
            control(b"\x02" + tag + b"\x00\x00\x00\x00\x01\x05"),
        ),
        "frame-control": ("a control frame riding on control", control(b"\x0f\x10\x03" + tag)),
        "frame-empty": ("FRAME and nothing", control(b"\x0f")),
        "long": ("longer than 2,464 bytes", sealed(whole + bytes(2500))),
    }
    named = {name: ("fresh", *rest) for name, rest in good.items()}
    return named | {name: ("reject", *rest) for name, rest in bad.items()}


def text(expect: str, comment: str, datagram: bytes) -> str:
    """The file of a vector."""
    shown = datagram.hex()
    lines = "\n".join(shown[at : at + 96] for at in range(0, len(shown), 96))
    return f"expect: {expect}\ncomment: {comment}\nsender: 1\nreceiver: 0\n\n{lines}\n"


def main() -> None:
    """Write every vector and remove others."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.vec"):
        old.unlink()
    for name, vector in vectors().items():
        (FOLDER / f"{name}.vec").write_text(text(*vector), encoding="utf-8")


if __name__ == "__main__":
    main()
