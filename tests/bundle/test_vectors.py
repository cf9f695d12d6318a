"""The vectors of docs/format/bundle.md: accepted as said, or refused with one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xtcli.errors import BundleRejected
from xtcli.station.origin import origin_key, proves
from xtcli.transport.bundle.envelope import read_envelope
from xtcli.transport.bundle.pack import Part, pack, unpack
from xtcli.transport.bundle.seal import open_sealed

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors" / "bundle"
VECTORS = sorted(FOLDER.glob("*.vec"))


def read(path: Path) -> tuple[dict[str, str], bytes]:
    """Header and data of a vector file."""
    head, _, digits = path.read_text(encoding="ascii").partition("\n\n")
    return dict(line.split(": ", 1) for line in head.splitlines()), bytes.fromhex(digits)


def judge(header: dict[str, str], data: bytes) -> None:
    """Read `data` as its kind says and compare with what the header promises."""
    match header["kind"]:
        case "pack":
            parts = unpack(data)
            listed = [part.split("/") for part in header["parts"].split(" ")]
            assert parts == [Part(bytes.fromhex(b), bytes.fromhex(r)) for b, r in listed]
            assert unpack(pack(parts)) == parts
        case "seal":
            private, context = bytes.fromhex(header["private"]), bytes.fromhex(header["context"])
            plain = open_sealed(data, private=private, context=context)
            assert plain == bytes.fromhex(header["plain"])
        case "envelope":
            made = read_envelope(data)
            assert (str(made.recipient), str(made.sender)) == (
                header["recipient"],
                header["sender"],
            )
            assert (str(made.priority), made.hint.hex()) == (header["priority"], header["hint"])
            assert made.to_bytes() == data
        case "said":
            judge_said(header, data)


def judge_said(header: dict[str, str], data: bytes) -> None:
    """Whether the raw of a part proves who said it to whom."""
    private, public, realm, body = (
        bytes.fromhex(header[name]) for name in ("private", "public", "realm", "body")
    )
    ends, part = (int(header["sender"]), int(header["receiver"])), Part(body, data)
    try:
        proven = proves(origin_key(private, public, realm), *ends, part)
    except ValueError:
        proven = False
    if not proven:
        raise BundleRejected("It is not proven.", "It is set aside.")


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    header, data = read(path)
    if header["expect"] == "ok":
        judge(header, data)
        return
    with pytest.raises(BundleRejected) as caught:
        judge(header | {"parts": "/", "plain": ""}, data)
    assert str(caught.value).endswith(".")
    assert caught.value.advice.endswith(".")


def test_four_of_five_are_refusals() -> None:
    refused = [path for path in VECTORS if read(path)[0]["expect"] == "reject"]
    assert len(refused) * 5 >= len(VECTORS) * 4 >= 100


def test_generator_reproduces_them(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_bundle_vectors"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in VECTORS}
