"""Blobs: pieces in any order, twice, over restarts; only the right bytes count."""

from __future__ import annotations

import errno
import itertools
import os
import random
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected, DiskFull, NotFound, UsageError
from xtcli.records import limits
from xtcli.records.blobs import Blobs
from xtcli.records.log import Log
from xtcli.records.sign import blob_digest

DATA = random.Random(1).randbytes(10_000)
DIGEST = blob_digest(DATA)


def names(count: int) -> bytes:
    """Random enough for file names."""
    return os.urandom(count)


@pytest.fixture
def blobs(log: Log, tmp_path: Path) -> Blobs:
    """An empty store."""
    return Blobs(log.database, tmp_path / "blobs", names)


def test_put_and_read(blobs: Blobs) -> None:
    assert blobs.put(DATA) == DIGEST
    assert blobs.put(DATA) == DIGEST
    assert blobs.has(DIGEST)
    assert blobs.size(DIGEST) == len(DATA)
    assert blobs.read(DIGEST) == DATA
    assert blobs.read(DIGEST, 100, 5) == DATA[100:105]
    assert blobs.path(DIGEST).read_bytes() == DATA
    assert blobs.missing(DIGEST, len(DATA)) == []
    assert blobs.verify() == 1
    assert len(list(blobs.folder.iterdir())) == 1


def test_file_names_tell_nothing(blobs: Blobs) -> None:
    """Red line: a leak from a lost laptop. Names are random: no digest, no patient, no type."""
    blobs.put(DATA)
    (name,) = [path.name for path in blobs.folder.iterdir()]
    assert DIGEST.hex() not in name
    assert len(name) == 20
    assert set(name) <= set("0123456789abcdef")


@settings(
    derandomize=True, max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    cuts=st.lists(st.integers(1, len(DATA) - 1), max_size=8, unique=True),
    seed=st.integers(0, 999),
    again=st.lists(st.integers(0, 8), max_size=4),
)
def test_pieces_in_any_order_and_twice(
    blobs: Blobs, cuts: list[int], seed: int, again: list[int]
) -> None:
    edges = [0, *sorted(cuts), len(DATA)]
    pieces = list(itertools.pairwise(edges))
    pieces += [pieces[n % len(pieces)] for n in again]
    random.Random(seed).shuffle(pieces)
    here = bytearray(len(DATA))
    for first, last in pieces:
        whole = blobs.put_part(DIGEST, len(DATA), first, DATA[first:last])
        here[first:last] = b"x" * (last - first)
        assert whole == blobs.has(DIGEST) == (0 not in here)
        gaps = blobs.missing(DIGEST, len(DATA))
        assert sum(b - a for a, b in gaps) == (0 if whole else here.count(0))
    assert blobs.read(DIGEST) == DATA
    blobs.drop(DIGEST)
    assert list(blobs.folder.iterdir()) == []


def test_partial_blobs_survive_a_restart(blobs: Blobs, log: Log) -> None:
    blobs.put_part(DIGEST, len(DATA), 0, DATA[:6_000])
    again = Blobs(log.database, blobs.folder, names)
    assert again.missing(DIGEST, len(DATA)) == [(6_000, len(DATA))]
    assert again.sweep() == 0
    assert again.put_part(DIGEST, len(DATA), 6_000, DATA[6_000:])


def test_a_part_that_is_not_whole_does_not_count(blobs: Blobs) -> None:
    """Red line: half-written advice. A truncated picture or voice note is not shown as whole."""
    blobs.put_part(DIGEST, len(DATA), 0, DATA[:-1])
    assert not blobs.has(DIGEST)
    with pytest.raises(NotFound, match="not arrived"):
        blobs.read(DIGEST)
    with pytest.raises(NotFound):
        blobs.path(bytes(16))


def test_wrong_bytes_never_count(blobs: Blobs) -> None:
    """The digest is checked over the whole; a poisoned blob starts again."""
    blobs.put_part(DIGEST, len(DATA), 0, DATA[:6_000])
    with pytest.raises(BundleRejected, match="does not check"):
        blobs.put_part(DIGEST, len(DATA), 6_000, bytes(4_000))
    assert not blobs.has(DIGEST)
    assert blobs.missing(DIGEST, len(DATA)) == [(0, len(DATA))]
    assert list(blobs.folder.iterdir()) == []
    assert blobs.put(DATA) == DIGEST


@pytest.mark.parametrize(
    ("total", "offset", "size"),
    [(0, 0, 0), (100, 0, 101), (100, 100, 1), (100, -1, 5), (100, 0, 0),
     (limits.blob_bytes_max + 1, 0, 5), (-5, 0, 1)],
)  # fmt: skip
def test_impossible_pieces_are_refused(blobs: Blobs, total: int, offset: int, size: int) -> None:
    with pytest.raises(BundleRejected):
        blobs.put_part(DIGEST, total, offset, bytes(size))
    assert list(blobs.folder.iterdir()) == []


def test_a_second_length_is_refused(blobs: Blobs) -> None:
    blobs.put_part(DIGEST, len(DATA), 0, DATA[:10])
    with pytest.raises(BundleRejected):
        blobs.put_part(DIGEST, len(DATA) + 1, 0, DATA[:10])


@pytest.mark.parametrize("total", [len(DATA), len(DATA) + 1, 20])
def test_a_whole_blob_is_taken_whatever_was_said_of_it_before(blobs: Blobs, total: int) -> None:
    """Anybody who knows its name can send a false piece; the right bytes replace it."""
    blobs.put_part(DIGEST, total, 0, b"poison")
    assert blobs.put_part(DIGEST, len(DATA), 0, DATA)
    assert blobs.read(DIGEST) == DATA
    assert len(list(blobs.folder.iterdir())) == 1


def test_a_false_whole_blob_takes_nothing_away(blobs: Blobs) -> None:
    blobs.put_part(DIGEST, len(DATA), 0, DATA[:6_000])
    with pytest.raises(BundleRejected):
        blobs.put_part(DIGEST, 7, 0, b"poison!")
    assert blobs.put_part(DIGEST, len(DATA), 6_000, DATA[6_000:])


def test_size_limits_of_own_attachments(blobs: Blobs) -> None:
    with pytest.raises(UsageError, match="has 0 bytes"):
        blobs.put(b"")


def test_what_is_arriving_is_bounded(blobs: Blobs, monkeypatch: Any) -> None:
    """A peer that announces for ever fills neither disk nor table."""
    monkeypatch.setattr("xtcli.records.blobs.partial_blobs_max", 2)
    for number in range(2):
        blobs.put_part(bytes([number]) * 16, 100, 0, b"x")
    with pytest.raises(BundleRejected, match="Too many"):
        blobs.put_part(bytes([9]) * 16, 100, 0, b"x")


def test_a_crash_leaves_only_files_that_are_swept(blobs: Blobs, log: Log) -> None:
    """Files are written before rows: after a crash between the two nothing wrong is believed."""

    def dies() -> None:
        with log.many():
            blobs.put(DATA)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dies()
    assert not blobs.has(DIGEST)
    assert blobs.sweep() == 1
    assert blobs.put(DATA) == DIGEST


def test_a_file_that_vanished_is_fetched_again(blobs: Blobs) -> None:
    blobs.put(DATA)
    blobs.path(DIGEST).unlink()
    with pytest.raises(NotFound):
        blobs.read(DIGEST)
    with pytest.raises(BundleRejected):
        blobs.verify()
    assert blobs.put(DATA) == DIGEST
    assert blobs.read(DIGEST) == DATA


def test_a_damaged_file_is_found(blobs: Blobs) -> None:
    blobs.put(DATA)
    blobs.path(DIGEST).write_bytes(DATA[:-1] + b"\0")
    with pytest.raises(BundleRejected):
        blobs.verify()


def test_a_full_disk_is_one_clear_sentence(blobs: Blobs, monkeypatch: Any) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="nothing was saved"):
        blobs.put(DATA)
    monkeypatch.undo()
    assert not blobs.has(DIGEST)
    assert blobs.put(DATA) == DIGEST


def test_files_belong_to_their_owner_only(blobs: Blobs) -> None:
    blobs.put(DATA)
    assert blobs.path(DIGEST).stat().st_mode & 0o077 == 0
