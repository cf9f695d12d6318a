"""Every event and every rung has its sentence, in both languages."""

from __future__ import annotations

import pytest

from xtcli.lang import choose
from xtcli.media.call import events as e
from xtcli.media.call.ladder import RUNGS, Step
from xtcli.media.call.states import REASONS
from xtcli.media.call.words import event_words, rung_words, summary_words

EVENTS: list[e.CallEvent] = [
    e.Ringing(),
    e.Answered(0.5),
    e.Stepped(Step(RUNGS[0], RUNGS[4], "rate")),
    e.PeerStepped(9),
    *[e.Floor(holder) for holder in ("me", "peer", "free")],
    e.ContactLost(),
    e.ContactBack(20.0),
    *[e.Ended(reason) for reason in REASONS],
]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_event_has_a_sentence(language: str) -> None:
    choose(language)
    try:
        sentences = [event_words(event) for event in EVENTS] + [rung_words(r) for r in RUNGS]
        assert all(sentences)
        chinese = [any("一" <= letter <= "鿿" for letter in s) for s in sentences]
        assert set(chinese) == {language == "zh"}
    finally:
        choose(None)


def test_a_call_in_one_line() -> None:
    summary = e.Summary(125.0, 60.0, 45.0, 30.0, 1.0, 0, 0.1, 0.8, ((0.0, 4),), 9000, "hung up")
    choose("en")
    try:
        assert summary_words(summary).startswith("2:05; 75 % of your words heard live; 10 %")
    finally:
        choose(None)
