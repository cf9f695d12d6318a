"""What the fuzz once found, one test each."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgpack
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.fuzz.parsers_deep import Hub
from tests.fuzz.parsers_station import _invitation
from tests.fuzz.parsers_transport import noise
from xtcli.errors import BundleRejected, LogCorrupt, UsageError
from xtcli.records.blobs import stretches_max
from xtcli.records.sign import blob_digest
from xtcli.station import enrolment, linkfile, origin, parcels, roads_list, roads_vouch
from xtcli.station.drafts import Drafts
from xtcli.station.home import Home, Settings
from xtcli.station.intake import PIECES_MAX
from xtcli.station.invite import Welcome
from xtcli.transport.bundle import codecs, ppm
from xtcli.transport.bundle.codecs import STREAM_BYTES_MAX
from xtcli.transport.bundle.pack import Part, pack, unpack
from xtcli.transport.bundle.seal import bundle_context, seal
from xtcli.transport.carriers.serial import SerialName
from xtcli.transport.emulator import relay
from xtcli.transport.emulator.capacity import parse_mahimahi
from xtcli.transport.link.events import Received
from xtcli.transport.link.freshness import Freshness

DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "fields",
    [[0, 4, 5, 1 << 40, []], [0, float("inf"), 5, b"", []], [0, 4, 5, b"", [[1 << 40, b""]]]],
    ids=["key", "number", "record"],
)
def test_a_welcome_says_how_long_nothing_is(fields: list[object]) -> None:
    """A number where bytes belong made so many zeros."""
    with pytest.raises(BundleRejected):
        Welcome.decode(msgpack.packb(fields), _invitation())


def test_a_question_for_very_many_records_is_answered_within_bounds() -> None:
    runs = [n for first in range(1, 6_000, 4) for n in (first, first + 10**6)]
    part = Part(msgpack.packb([parcels.LACK_MARK, runs]))
    tracemalloc.start()
    try:
        assert len(parcels.read_lack(part)) == parcels.LACK_RECORDS_MAX
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [DEEP.encode(), b"\xff\xfe{"], ids=["deep", "not text"])
def test_files_of_a_home_that_something_else_wrote(tmp_path: Path, data: bytes) -> None:
    """Refused, or as if they were not there; never an exception from below."""
    home = Home(tmp_path)
    for name in (linkfile.NAME, roads_list.NAME, "station.json"):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "request-1.json").write_bytes(data)
    settings = Settings("a", "post", 4, 5, bytes(8), bytes(32), bytes(32), "h:1")
    with pytest.raises(LogCorrupt):
        roads_list.read_roads(home, settings)
    with pytest.raises(LogCorrupt):
        home.settings()
    assert linkfile.read_link(home, "hub").rate_bps is None
    assert Drafts(home, lambda: 0.0, bytes).load("request-1") is None


def test_a_counter_that_jumped_far_costs_no_memory() -> None:
    """A replay window of as many bits as the sender's counter had jumped was made for each."""
    fresh = Freshness()
    tracemalloc.start()
    try:
        assert fresh.check(2**32 - 1, 0.0) == (Received.FRESH, True)
        for counter in (1, 2**31, 2**32 - 2_000):
            assert fresh.check(counter, 0.0) == (Received.AGAIN, False)
        assert fresh.check(2**32 - 900, 0.0) == (Received.OLD, True)
        assert fresh.check(2**32 - 900, 0.0) == (Received.AGAIN, False)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_time_beyond_all_years_in_a_recording() -> None:
    with pytest.raises(UsageError):
        parse_mahimahi(f"1\n{10**30}\n")


def test_sound_settings_are_read_from_bytes_and_text() -> None:
    settings = Settings("巴音村", "post", 4, 5, bytes(8), bytes(32), bytes(32), "h:1")
    assert Settings.from_json(settings.to_json()) == settings
    assert Settings.from_json(settings.to_json().encode()) == settings
    assert json.loads(settings.to_json())["name"] == "巴音村"


@pytest.mark.parametrize("port", ["9" * 5_000, "²", "", "-1"])
def test_a_port_that_is_no_port(port: str) -> None:
    """Python reads no number of 5,000 digits, and `isdigit` knows digits that `int` does not."""
    for parse in (enrolment.parse_address, relay.parse_address):
        with pytest.raises(UsageError):
            parse(f"h.example:{port}")
        assert parse("[::1]:04400") == ("::1", 4400)
    with pytest.raises(UsageError):
        SerialName.parse(f"/dev/ttyS0@{port}")


class Counted(Sequence[int]):
    """The symbols of a model, and how many were copied out of them."""

    def __init__(self, symbol: Sequence[int]) -> None:
        self.symbol, self.copied = symbol, 0

    def __len__(self) -> int:
        return len(self.symbol)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            self.copied += len(range(*at.indices(len(self.symbol))))
        return self.symbol[at]


def test_characters_that_no_model_knows_cost_little() -> None:
    """For each, the whole alphabet was copied: 6 KiB in a bundle cost a fifth of a second."""
    model = codecs.model(codecs.CODEC_VERSION)
    rare = "".join(chr(0xA000 + n) for n in range(500)).encode()
    symbol = Counted(model.symbol)
    counted = replace(model, symbol=symbol)  # type: ignore[arg-type]
    assert ppm.expand(ppm.compress(rare, counted), counted, 4_096) == rare
    assert symbol.copied < 500 * 100


def test_false_words_cost_one_agreement_of_keys() -> None:
    """A bundle has room for 4,096 parts, and each made a key anew to find that it was false."""
    origin.origin_key.cache_clear()
    private = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = X25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    keys = SimpleNamespace(station_seal=private.private_bytes_raw())
    station: Any = SimpleNamespace(
        keys=keys, settings=SimpleNamespace(realm=bytes(8)), number=4, entropy=bytes
    )
    for count in range(50):
        false = Part(b"x", count.to_bytes(origin.PROOF_BYTES, "big"))
        assert not origin.is_said(station, false, 1, public)
    assert origin.origin_key.cache_info().misses == 1


@pytest.mark.parametrize("fill", [b"\x80", b"\x90", b"\xc0"], ids=["maps", "lists", "nothing"])
def test_a_long_body_costs_no_more_than_itself(fill: bytes) -> None:
    """400 bytes hold a body of 4 MiB, and of it msgpack made 300 MB of empty maps."""
    many = STREAM_BYTES_MAX - 256
    packed = {}
    for mark in (0, *range(parcels.RETURN_MARK, 0)):
        head = b"\x92" + mark.to_bytes(1, "big", signed=True) + b"\xdd" + many.to_bytes(4, "big")
        packed[mark] = pack([Part(head + fill * many)])
        assert len(packed[mark]) < 1_000
    for bundle in packed.values():
        (part,) = unpack(bundle)
        tracemalloc.start()
        try:
            assert not parcels.read_lack(part)
            assert not parcels.read_return(part)
            assert not parcels.read_taken(part)
            for read in (parcels.read_passing, parcels.read_piece):
                with pytest.raises(BundleRejected):
                    read(part)
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()


def test_a_voucher_does_not_unfold_into_much() -> None:
    """The sealed bytes were bounded, and not what they unpack to."""
    hub = Hub()
    try:
        body = b"\x93\xfa\xdd" + (1 << 21).to_bytes(4, "big") + b"\x80" * (1 << 21)
        context = bundle_context(hub.hub.settings.realm, hub.number, 1)
        seal_key = hub.hub.settings.hub_seal
        sealed = seal(pack([Part(body)]), recipient=seal_key, context=context, entropy=noise)
        tracemalloc.start()
        public = hub.post.keys.station_seal_public
        assert roads_vouch.read(hub.hub, hub.number, public, sealed) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
        hub.close()


def test_a_bundle_of_many_pieces_is_few_waits_for_the_disk() -> None:
    """Each piece is synchronised, and a bundle of 20 kB has room for a thousand: 6 s."""
    hub = Hub()
    try:
        made = [bytes([n // 256, n % 256]) for n in range(200)]
        parts = [next(parcels.pieces(blob_digest(data), data)).part() for data in made]
        arrival = hub.intake.take(parts, hub.number)
        assert len(arrival.blobs) == PIECES_MAX
        assert arrival.refused == len(parts) - PIECES_MAX
    finally:
        hub.close()


def test_a_blob_in_crumbs_does_not_keep_out_an_honest_one() -> None:
    """What was here of a blob is read for each piece more: 4 ms each after 3,000 stretches."""
    hub = Hub()
    try:
        blobs, data = hub.hub.blobs, noise(40_000)
        digest = blob_digest(data)
        for at in range(20_000, 21_000, 2):
            assert not blobs.put_part(digest, len(data), at, b"x")
        gaps = blobs.missing(digest, len(data))
        assert 0 < len(gaps) <= stretches_max + 1
        blobs.put_part(digest, len(data), 30_000, data[30_000:])
        honest = ((0, 15_000), (15_000, 30_000), (30_000, 40_000))
        for _ in range(2):  # What is mixed with another's crumbs is dropped once, then whole.
            for a, b in honest:
                with suppress(BundleRejected):
                    blobs.put_part(digest, len(data), a, data[a:b])
        assert blobs.read(digest) == data
    finally:
        hub.close()
