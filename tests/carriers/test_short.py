"""Short messages: sizes over the sample of consults, round trips, and what is refused."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.records import sign, types
from xtcli.records.values import Patient, Sex, Urgency
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.bundle.seal import SEAL_BYTES, bundle_context, seal
from xtcli.transport.carriers import short
from xtcli.transport.carriers.short import MoreMessage, ShortKey, SymbolMessage, WholeMessage
from xtcli.transport.symbols import bundle_tag

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "format" / "sms.md"
SAMPLE = ROOT / "tests" / "data" / "consults.jsonl"
LINK_KEY = bytes(range(32))
POST, HUB = 2, 1
SMS, BEIDOU = 134, 1750
OUT, IN = ShortKey(LINK_KEY, POST, HUB), ShortKey(LINK_KEY, HUB, POST)


def consults() -> list[bytes]:
    """The sample's consults, sealed as a post seals them."""
    dice = random.Random(1)
    signer = sign.Signer(dice.randbytes(32))
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.from_private_bytes(dice.randbytes(32))
    public = private.public_key().public_bytes_raw()
    sealed = []
    for number, line in enumerate(SAMPLE.read_text(encoding="utf-8").splitlines(), 1):
        item = json.loads(line)
        texts = {key: item[key] for key in ("complaint", "history", "exam", "allergy", "question")}
        body = types.Request(
            patient=Patient(name=item["name"], sex=Sex(item["sex"]), born=item["born"]),
            dept=item["dept"], urgency=Urgency(item["urgency"]),
            vitals=tuple((code, value) for code, value in item["vitals"]), **texts,
        )  # fmt: skip
        record = sign.author(body, station=POST, seq=number, author=40, at=1_800_000_000, case=None,
                             prev=bytes(8), signer=signer, realm=b"realm-01")  # fmt: skip
        sealed.append(
            seal(pack([Part(record.content, record.raw)]), recipient=public,
                 context=bundle_context(b"realm-01", POST, HUB), entropy=dice.randbytes)
        )  # fmt: skip
    return sealed


def test_every_consult_of_the_sample_fits() -> None:
    """One BeiDou-class message each; at most four SMS-class ones, most in two."""
    sealed = consults()
    assert len(sealed) == 86
    assert {short.symbols_of(len(one), POST, BEIDOU) for one in sealed} == {1}
    counts = sorted(short.symbols_of(len(one), POST, SMS) for one in sealed)
    assert counts[-1] <= 4
    assert counts[len(counts) // 2] == 2


def put_together(messages: list[bytes]) -> bytes | None:
    """A bundle from messages in any order."""
    parts: dict[int, bytes] = {}
    for message in messages:
        assert short.sender_of(message) == POST
        read = short.read(message, IN)
        if isinstance(read, WholeMessage):
            return read.sealed
        assert isinstance(read, SymbolMessage)
        parts[read.index] = read.payload
        if len(parts) == short.symbols_of(read.length, POST, SMS):
            return short.join(parts, read.length, read.id)
    return None


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.binary(min_size=SEAL_BYTES, max_size=4000), st.randoms(use_true_random=False))
def test_any_sufficient_set_gives_the_bundle(sealed: bytes, dice: random.Random) -> None:
    """Any n of the messages that can be made, in any order."""
    count = short.symbols_of(len(sealed), POST, SMS)
    messages = list(short.cut(sealed, OUT, POST, 1, SMS, 0, min(256, 3 * count)))
    assert all(len(message) <= SMS for message in messages)
    chosen = dice.sample(messages, count) if count > 1 else messages
    assert put_together(chosen) == sealed


def test_messages_of_every_size_keep_their_limit() -> None:
    dice = random.Random(3)
    for size in (70, 134, 140, 340, 1750):
        for length in (49, 50, 59, 64, 65, 129, 300, 1739, 1745, 5000, 16_384, 20_000):
            count = short.symbols_of(length, 300, size)
            if not count:
                continue
            key = ShortKey(LINK_KEY, 300, 1)
            sealed = dice.randbytes(length)
            messages = list(short.cut(sealed, key, 300, 0, size, 0, count))
            assert len(messages) == count
            assert max(map(len, messages)) <= size
    assert short.symbols_of(200_000, POST, SMS) == 0
    with pytest.raises(ValueError, match="too long"):
        list(short.cut(bytes(200_000), OUT, POST, 0, SMS, 0, 1))


def test_overheads() -> None:
    """As the byte budget of docs/format/sms.md says."""
    (whole,) = short.cut(bytes(60), OUT, POST, 0, SMS, 0, 1)
    assert len(whole) == 60 + 6
    (symbol,) = short.cut(bytes(246), OUT, POST, 0, SMS, 0, 1)
    assert len(symbol) == 123 + 11
    assert len(short.more(OUT, POST, b"ab", 246, 3)) == 11


def test_more_says_what_lacks() -> None:
    message = short.more(OUT, POST, b"id", 500, 300)
    assert short.read(message, IN) == MoreMessage(b"id", 500, 255)


def closed(body: bytes) -> bytes:
    """A message with a good tag around a bad body."""
    return OUT.close(body)


SEALED = bytes(300)
ID = bundle_tag(SEALED)[:2]
BAD = {
    "empty": b"",
    "too long": closed(b"\x82\x02" + bytes(5000)),
    "another mark": closed(b"\x41\x02" + bytes(60)),
    "kind 3": closed(b"\xb1\x02" + bytes(60)),
    "bit 3": closed(b"\x89\x02" + bytes(60)),
    "priority 6": closed(b"\x86\x02" + bytes(60)),
    "sender 0": closed(b"\x81\x00" + bytes(60)),
    "sender too large": closed(b"\x81\x80\x80\x04" + bytes(60)),
    "sender not shortest": closed(b"\x81\x82\x00" + bytes(60)),
    "short bundle": closed(b"\x81\x02" + bytes(48)),
    "no index": closed(b"\x91\x02" + ID),
    "no payload": closed(b"\x91\x02" + ID + b"\x00\xac\x02"),
    "length too small": closed(b"\x91\x02" + ID + b"\x00\x31" + bytes(20)),
    "one symbol": closed(b"\x91\x02" + ID + b"\x00\x64" + bytes(100)),
    "odd symbol": closed(b"\x91\x02" + ID + b"\x00\x64" + bytes(60)),
    "too many symbols": closed(b"\x91\x02" + ID + b"\x00\xac\x02" + bytes(2)),
    "lacking 0": closed(b"\xa0\x02" + ID + b"\xac\x02\x00"),
    "more, longer": closed(b"\xa0\x02" + ID + b"\xac\x02\x01\x01"),
    "wrong tag": closed(b"\x81\x02" + bytes(60))[:-1] + b"\xff",
    "own message": IN.close(b"\x81\x02" + bytes(60)),
}


@pytest.mark.parametrize("name", BAD)
def test_must_reject(name: str) -> None:
    with pytest.raises(BundleRejected):
        _ = short.sender_of(BAD[name]), short.read(BAD[name], IN)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.binary(max_size=300))
def test_arbitrary_genuine_bytes_never_crash_the_reader(body: bytes) -> None:
    """Even with a good tag: a value within its limits, or BundleRejected."""
    for message in (closed(body), closed(b"\x91\x02" + body), closed(b"\xa0\x02" + body)):
        try:
            short.sender_of(message)
            read = short.read(message, IN)
        except BundleRejected:
            continue
        if isinstance(read, SymbolMessage):
            short.join({read.index: read.payload}, read.length, read.id)


def test_the_page_is_right() -> None:
    """The worked example of docs/format/sms.md."""
    found = re.search(r"followed by the tag `([0-9a-f ]+)`", PAGE.read_text(encoding="utf-8"))
    assert found
    (message,) = short.cut(b"\1" * 49, OUT, POST, 1, BEIDOU, 0, 1)
    assert message == b"\x81\x02" + b"\1" * 49 + bytes.fromhex(found[1])
