"""The published vectors: sound ones are read and written the same, all others are refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xtcli.errors import BundleRejected
from xtcli.records.codec import content_of
from xtcli.records.sign import read, verify
from xtcli.records.types import Kind

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "vectors" / "records").glob("*.vec"))


def load(path: Path) -> tuple[dict[str, str], bytes, bytes]:
    """Header, content and raw of a vector."""
    header, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    content, raw = (bytes.fromhex(line) for line in body.split("\n")[:2])
    return dict(line.split(": ", 1) for line in header.splitlines()), content, raw


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    told, content, raw = load(path)
    realm, public = bytes.fromhex(told["realm"]), bytes.fromhex(told["public"])
    if told["expect"] == "ok":
        record = read(content, raw)
        assert verify(record, public, realm)
        assert (str(record.id), record.kind.name) == (told["id"], told["kind"])
        assert record.digest.hex() == told["digest"]
        station, seq = record.id
        again = content_of(
            record.body, station=station, seq=seq, author=record.author, at=record.at,
            case=record.case,
        )  # fmt: skip
        assert again == content
    elif told["by"] == "read":
        with pytest.raises(BundleRejected):
            read(content, raw)
    else:
        assert not verify(read(content, raw), public, realm)


def test_each_refusal_has_one_cause() -> None:
    """What reading refuses is signed soundly, so that nothing but its form is wrong."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for path in FILES:
        told, content, raw = load(path)
        if told.get("by") == "read" and len(raw) == 72:
            message = b"xt/record/1\x01" + bytes.fromhex(told["realm"]) + raw[:8] + content
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public"]))
            public.verify(raw[8:], message)


def test_four_of_five_vectors_must_be_refused() -> None:
    refused = [path for path in FILES if load(path)[0]["expect"] == "reject"]
    assert len(refused) >= 0.8 * len(FILES) > 80
    kinds = {load(path)[0].get("kind") for path in FILES} - {None}
    assert kinds == {kind.name for kind in Kind}


def test_the_generator_reproduces_them() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_record_vectors"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
