"""The decisions of the folder carrier, without files."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.transport.bundle.envelope import Header
from xtcli.transport.carriers.choices import (
    ABANDONED_SECONDS,
    DAMAGED_SECONDS,
    Entry,
    abandoned,
    long_damaged,
    the_same,
    to_drop,
    to_take,
)

HINT = b"ab"
headers = st.builds(
    Header,
    recipient=st.integers(1, 3),
    sender=st.integers(1, 3),
    hint=st.sampled_from([HINT, b"cd"]),
    priority=st.integers(0, 5),
    tag=st.sampled_from([b"tag1", b"tag2"]),
    length=st.just(9),
)
names = st.sampled_from(["0" * 16 + ".xtb", "1" * 16 + ".xtb", "2" * 16 + ".part", "photo.jpg"])
entries = st.lists(
    st.builds(
        Entry,
        name=names,
        size=st.integers(0, 9),
        age=st.floats(-1e6, 1e6),
        header=st.one_of(st.none(), headers),
    ),
    max_size=8,
)


@settings(max_examples=200, derandomize=True)
@given(entries, st.integers(1, 3))
def test_nobody_takes_or_drops_what_is_not_theirs(listed: list[Entry], station: int) -> None:
    for entry in to_take(listed, station, HINT):
        assert entry.header
        assert (entry.header.recipient, entry.header.hint) == (station, HINT)
    for entry in to_drop(listed, station, HINT, {b"tag1"}):
        assert entry.header
        assert (entry.header.sender, entry.header.tag) == (station, b"tag1")
    priorities = [e.header.priority for e in to_take(listed, None, HINT) if e.header]
    assert priorities == sorted(priorities)


@settings(max_examples=200, derandomize=True)
@given(entries)
def test_only_own_names_are_ever_cleaned(listed: list[Entry]) -> None:
    assert all(e.name.endswith(".part") and abs(e.age) >= 3600 for e in abandoned(listed))
    assert all(e.name.endswith(".xtb") and abs(e.age) >= 86_400 for e in long_damaged(listed))


def test_the_same_bundle_is_found_by_its_header() -> None:
    wanted = Header(1, 12, HINT, 1, b"tag1", 9)
    whole, torn = Entry("0" * 16 + ".xtb", 90, 0, wanted), Entry("1" * 16 + ".xtb", 9, 0, wanted)
    other = Entry("2" * 16 + ".xtb", 90, 0, Header(1, 12, HINT, 1, b"tag2", 9))
    assert the_same([torn, other, whole], wanted, 90) == [whole, torn]


def test_ages() -> None:
    """A clock that jumped either way neither keeps rubbish for ever nor deletes what is young."""
    part = "0" * 16 + ".part"
    assert abandoned([Entry(part, 1, ABANDONED_SECONDS - 1)]) == []
    assert len(abandoned([Entry(part, 1, ABANDONED_SECONDS), Entry(part, 1, -1e9)])) == 2
    name = "0" * 16 + ".xtb"
    assert long_damaged([Entry(name, 1, DAMAGED_SECONDS - 1)]) == []
    assert len(long_damaged([Entry(name, 1, DAMAGED_SECONDS)])) == 1
