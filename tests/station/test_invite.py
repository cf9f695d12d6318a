"""Invitation codes, join requests and welcomes: whole, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected, UsageError, XtError
from xtcli.station.invite import (
    CODE_PREFIX,
    Invitation,
    JoinRequest,
    Welcome,
    fingerprint,
)

SIGN, SEAL = b"\x11" * 32, b"\x22" * 32
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def invitation(address: str = "hub.example.cn:4400") -> Invitation:
    """One invitation."""
    return Invitation(address, SEAL, fingerprint(SIGN, SEAL), b"\1\2\3\4", b"\5" * 12)


def test_code_comes_back() -> None:
    """As printed, with spaces, and broken over lines by a chat program."""
    code = invitation().code()
    assert Invitation.from_code(code) == invitation()
    assert Invitation.from_code(f" {code[:40]}\n {code[40:]} ") == invitation()


@settings(derandomize=True, max_examples=400)
@given(st.data())
def test_every_changed_character_is_refused(data: st.DataObject) -> None:
    """One other character anywhere makes it no code; never another invitation."""
    code = invitation().code()
    at = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda sign: sign != code[at]))
    changed = code[:at] + other + code[at + 1 :]
    with pytest.raises(UsageError):
        Invitation.from_code(changed)


def test_every_lost_or_doubled_character_is_refused() -> None:
    code = invitation().code()
    for at in range(len(code)):
        for changed in (code[:at] + code[at + 1 :], code[:at] + code[at] + code[at:]):
            if changed != code:
                with pytest.raises(UsageError):
                    Invitation.from_code(changed)


@settings(derandomize=True)
@given(st.text(max_size=320))
def test_any_text_is_refused_in_words(text: str) -> None:
    for typed in (text, CODE_PREFIX + text):
        with pytest.raises(XtError):
            Invitation.from_code(typed)


@pytest.mark.parametrize("address", ["", "x", "no-port", "a" * 90 + ":1"])
def test_addresses_that_do_not_fit(address: str) -> None:
    with pytest.raises(UsageError):
        invitation(address)


def test_join_request_comes_back() -> None:
    """Its length says nothing, and anything after its end is refused."""
    asked = JoinRequest(
        b"\1\2\3\4", b"\5" * 12, b"\6" * 32, b"\7" * 32, b"\x08" * 32, 1_780_000_000
    )
    data = asked.encode()
    assert JoinRequest.decode(data) == asked
    for bad in (b"", data[:100], b"\2" + data[1:], data[:-1] + b"\1"):
        with pytest.raises(BundleRejected):
            JoinRequest.decode(bad)


def test_welcome_comes_from_the_hub_that_invited() -> None:
    """Another hub's welcome is refused, and so is anything that is no welcome."""
    good = Welcome(4, 5, SIGN, ((b"c", b"r"),))
    assert Welcome.decode(good.encode(), invitation()) == good
    foreign = Welcome(4, 5, b"\x33" * 32, ())
    for bad in (foreign.encode(), b"", b"\x90", good.encode()[:-1], b"\xff" * 40):
        with pytest.raises(BundleRejected):
            Welcome.decode(bad, invitation())


@settings(derandomize=True)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_welcome(data: bytes) -> None:
    with pytest.raises(BundleRejected):
        Welcome.decode(data, invitation())
    with pytest.raises(BundleRejected):
        JoinRequest.decode(data)
