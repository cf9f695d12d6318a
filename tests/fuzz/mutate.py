"""Hostile inputs from valid ones: bits, lengths, cuts, splices, nesting, other types and sizes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Literal

import msgpack

EXTREMES = (0, 1, -1, 31, 32, 127, 128, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**63, -(2**31))
NESTS = (
    b"\x91",
    b"\x81\xa1a",
    b"[",
    b'{"a":',
    b"\xdd\x00\x00\x00\x01",
    b"\xc7\xff\x01",
    b"- ",
    b"(",
)
TOKENS = (
    b"\x00", b"\xff", b"\xff" * 8, b"\n", b"\r\n", b";", b",", b":", b"=", b"%s", b"-", b"1e400",
    b"NaN", b"\xef\xbc\x9b", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\x80" * 9,
    b"\xdf\xff\xff\xff\xff",
    b"9" * 400, b"../", "２".encode(), "年".encode(), b" ", b"null", b"true",
)  # fmt: skip
RANDOM_SHARE = 0.06
TREE_SHARE = 0.45
DEPTH_MAX = 60

Op = Callable[[Random, bytearray, Sequence[bytes]], bytearray]


def mutated(random: Random, samples: Sequence[bytes], tree: str = "") -> bytes:
    """One input."""
    if random.random() < RANDOM_SHARE:
        return random.randbytes(int(random.expovariate(1 / 60)))
    base = random.choice(samples)
    if tree and random.random() < TREE_SHARE:
        changed = _tree(random, base, tree)
        if changed is not None:
            return changed
    data = bytearray(base)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        data = random.choice(OPS)(random, data, samples)
    return bytes(data)


def _place(random: Random, data: bytearray) -> int:
    """Somewhere, the beginning more often: heads are where lengths and kinds are."""
    if not data:
        return 0
    end = len(data) if random.random() < 0.5 else min(len(data), 24)
    return random.randrange(end)


def _flip(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    if data:
        data[_place(random, data)] ^= 1 << random.randrange(8)
    return data


def _set(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    if data:
        data[_place(random, data)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return data


def _add(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    """A number of one to four bytes becomes a little more or less, or something extreme."""
    size = random.choice((1, 2, 3, 4))
    if len(data) < size:
        return data
    at = min(_place(random, data), len(data) - size)
    order: Literal["big", "little"] = "big" if random.random() < 0.5 else "little"
    value = int.from_bytes(data[at : at + size], order) + random.choice((-2, -1, 1, 2, 16))
    if random.random() < 0.4:
        value = random.choice(EXTREMES)
    data[at : at + size] = (value % 256**size).to_bytes(size, order)
    return data


def _cut(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    return data[: random.randrange(len(data) + 1)]


def _delete(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    at = _place(random, data)
    del data[at : at + random.randrange(1, 9)]
    return data


def _repeat(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    at = _place(random, data)
    piece = data[at : at + random.randrange(1, 40)]
    data[at:at] = piece * random.choice((1, 2, 3, 50))
    return data


def _splice(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    other = random.choice(samples)
    return data[: _place(random, data)] + other[random.randrange(len(other) + 1) :]


def _insert(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    at = _place(random, data)
    data[at:at] = random.choice(TOKENS)
    return data


def _noise(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    at = _place(random, data)
    size = random.randrange(1, 16)
    data[at : at + size] = random.randbytes(size)
    return data


def _nest(random: Random, data: bytearray, samples: Sequence[bytes]) -> bytearray:
    at = _place(random, data)
    data[at:at] = random.choice(NESTS) * random.choice((2, 30, 600, 1_500))
    return data


OPS: tuple[Op, ...] = (
    _flip, _flip, _set, _add, _add, _cut, _delete, _repeat, _splice, _insert, _noise, _nest,
)  # fmt: skip


def _tree(random: Random, base: bytes, kind: str) -> bytes | None:
    """A valid document with something else in one place; None when `base` is none."""
    try:
        if kind == "json":
            changed = json.dumps(_changed(random, json.loads(base)), ensure_ascii=False)
            return changed.encode("utf-8", "surrogatepass")
        packed: bytes = msgpack.packb(_changed(random, msgpack.unpackb(base, strict_map_key=False)))
        return packed
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException):
        return None


def _changed(random: Random, value: Any) -> Any:
    """`value` with one node replaced, removed, doubled or put elsewhere."""
    if isinstance(value, list) and value and random.random() < 0.8:
        at = random.randrange(len(value))
        what = random.random()
        if what < 0.6:
            value[at] = _changed(random, value[at])
        elif what < 0.75:
            del value[at]
        elif what < 0.9:
            value.insert(at, value[at])
        else:
            value += value * random.choice((1, 20))
        return value
    if isinstance(value, dict) and value and random.random() < 0.8:
        key = random.choice(list(value))
        if random.random() < 0.75:
            value[key] = _changed(random, value[key])
        elif random.random() < 0.5:
            del value[key]
        else:
            value[str(_other(random, key))] = value[key]
        return value
    return _other(random, value)


def _other(random: Random, value: Any) -> Any:
    """Something else, near `value` or not."""
    if isinstance(value, int) and random.random() < 0.4:
        return value + random.choice((-1, 1, 2, 100))
    if isinstance(value, str) and random.random() < 0.5:
        return random.choice(
            (value + value, value[:-1], value.upper(), value + "\x00", value * 400)
        )
    if isinstance(value, bytes) and random.random() < 0.5:
        return random.choice((value + b"\0", value[:-1], value[::-1], value * 50))
    nested: Any = []
    for _ in range(random.choice((1, 5, DEPTH_MAX))):
        nested = [nested]
    return random.choice((
        None, True, False, "", b"", [], {}, 1.5, -0.0, float("inf"), float("nan"), nested,
        random.choice(EXTREMES), "x" * 5_000, "病" * 70, {"a": 1}, [value, value],
    ))  # fmt: skip
