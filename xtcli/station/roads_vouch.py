"""Vouchers: which files on a stick are genuine, for a relay that cannot open them.

Anybody can write to a stick. A link's datagrams have a keyed tag; a file has none, so whoever
writes files that a relay must carry on adds one small file for that relay: the digests of the
others, and a tag under the key that the two stations share. Without it a relay carries nothing.
docs/format/relay.md has the format. It knows no folder and no bundle's content.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import msgpack

from xtcli.errors import BundleRejected
from xtcli.station.core import StationCore
from xtcli.transport.bundle.pack import Limits, Part, pack, unpack
from xtcli.transport.bundle.seal import SEAL_BYTES, bundle_context, open_sealed, seal
from xtcli.transport.link.keys import link_key

VOUCH_MARK = -6
DIGEST_BYTES = 16
TAG_BYTES = 16
VOUCHED_MAX = 2_000
"""Files in one voucher."""
SEALED_BYTES_MAX = SEAL_BYTES + 64 + VOUCHED_MAX * DIGEST_BYTES


def digest(sealed: bytes) -> bytes:
    """What a voucher names a file's bundle by. More than its tag, which is too short to vouch."""
    return hashlib.blake2s(sealed, digest_size=DIGEST_BYTES, person=b"xt file").digest()


def _tag(station: StationCore, public: bytes, ends: tuple[int, int], digests: bytes) -> bytes:
    """`ends` are who vouches and to whom."""
    key = link_key(station.keys.station_seal, public, station.settings.realm)
    said = b"".join(end.to_bytes(4, "big") for end in ends) + digests
    return hashlib.blake2s(said, key=key, digest_size=TAG_BYTES, person=b"xt vouch").digest()


def write(station: StationCore, relay: int, public: bytes, digests: Iterable[bytes]) -> bytes:
    """A sealed voucher of this station for `relay`, whose X25519 key is `public`."""
    joined = b"".join(sorted(digests)[:VOUCHED_MAX])
    tag = _tag(station, public, (station.number, relay), joined)
    body: bytes = msgpack.packb([VOUCH_MARK, joined, tag])
    context = bundle_context(station.settings.realm, station.number, relay)
    return seal(pack([Part(body)]), recipient=public, context=context, entropy=station.entropy)


def read(station: StationCore, writer: int, public: bytes, sealed: bytes) -> set[bytes] | None:
    """The digests that `writer` vouches for; None when this is no genuine voucher of theirs."""
    if len(sealed) > SEALED_BYTES_MAX:
        return None
    context = bundle_context(station.settings.realm, writer, station.number)
    try:
        plain = open_sealed(sealed, private=station.keys.station_seal, context=context)
        parts = unpack(plain, Limits(parts=1, body_bytes=SEALED_BYTES_MAX))
        mark, joined, tag = msgpack.unpackb(parts[0].body)
    except (BundleRejected, ValueError, TypeError, msgpack.UnpackException):
        return None
    sound = (
        mark == VOUCH_MARK
        and len(parts) == 1
        and isinstance(joined, bytes)
        and isinstance(tag, bytes)
        and len(joined) % DIGEST_BYTES == 0
        and len(joined) <= VOUCHED_MAX * DIGEST_BYTES
    )
    if not sound:
        return None
    wanted = _tag(station, public, (writer, station.number), joined)
    if not hmac.compare_digest(wanted, tag):
        return None
    return {joined[at : at + DIGEST_BYTES] for at in range(0, len(joined), DIGEST_BYTES)}
