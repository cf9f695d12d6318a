"""The worked example of docs/format/call.md, byte for byte."""

from __future__ import annotations

import re
from pathlib import Path

from xtcli.media.call.handshake import Handshake
from xtcli.media.call.keys import Party, public_of
from xtcli.media.call.packet import Kind, Reply, Sound, encode_sound, header
from xtcli.media.call.stills import Chunk, encode_chunk

PAGE = Path(__file__).parents[2] / "docs" / "format" / "call.md"
ONE, TWO, THREE, FOUR = (bytes([n]) * 32 for n in (1, 2, 3, 4))


def shown(name: str) -> bytes:
    """The bytes the page gives for `name`."""
    found = re.search(rf"^    {name} +([0-9a-f]+)(?: .*)?\n(?: {{12}}([0-9a-f]+)\n)?", page(), re.M)
    assert found
    return bytes.fromhex("".join(group or "" for group in found.groups()))


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_example_is_what_the_code_does() -> None:
    caller = Handshake.call(Party(ONE, public_of(TWO), THREE))
    ring = caller.ring(b"case", b"")
    called, note = Handshake.answer(Party(TWO, public_of(ONE), FOUR), ring)
    accept, _ = called.accept()
    keys = caller.read_accept(accept)
    kind, body = encode_sound(Sound(5, 1, (3,), (b"\x11\x22\x33", b"\x44")))
    clear = header(kind, 5)
    assert ring == shown("ring")
    assert accept == shown("accept")
    assert called.reply(Reply.RINGING) == shown("ringing")
    assert clear + keys.out_sound.seal(kind, 5, clear, body) == shown("sound")
    assert (note, body.hex()) == (b"case", "180311223344")
    chunk = encode_chunk(Chunk(7, 0, 0, 0.4, 12.34, b"\xaa\xbb\xcc"))
    clear = header(Kind.CONTROL, 1)
    assert chunk.hex() == "040700000204d2aabbcc"
    assert clear + keys.out.seal(Kind.CONTROL, 1, clear, chunk) == shown("chunk")


def test_limits_on_the_page_are_the_ones_in_force() -> None:
    from xtcli.media import stills as files
    from xtcli.media.call import keys, packet, stills

    text = page()
    assert f"{stills.STILL_BYTES_MAX:,}, {stills.CHUNKS_MAX}, {stills.CHUNK_BYTES_MAX}" in text
    assert f"{files.FILE_BYTES_MAX:,} bytes; {files.SIDE_PIXELS_MAX:,} pixels" in text
    shown_hex = re.sub(r"\s", "", text.partition("480 x 360, 275 bytes:")[2])
    assert shown_hex.startswith(files.DICTIONARY.hex())
    for value in (packet.PAYLOAD_BYTES_MAX, keys.REPLAY_WINDOW_NUMBERS):
        assert f"{value:,}" in text
    assert f"{packet.ROUTE_BYTES_MAX}, {packet.NOTE_BYTES_MAX}" in text
