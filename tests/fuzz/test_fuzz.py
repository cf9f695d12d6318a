"""Every parser against some hostile inputs; that none is forgotten; that the fuzz can fail."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.fuzz import engine, parsers_deep
from tests.fuzz import kept as kept_module
from tests.fuzz.engine import Failure, Parser, judge, make_input, run
from tests.fuzz.everything import (
    FROM_STRANGERS,
    OTHERS,
    all_parsers,
    looks_like_parsers,
    parser_named,
)
from tests.fuzz.kept import Kept, as_json, digest
from tests.fuzz.mutate import mutated
from tests.fuzz.parsers_transport import noise, sealed_alike
from xtcli.errors import BundleRejected
from xtcli.transport.bundle.seal import seal

INPUTS = 120
SEED = 20_261_122
NAMES = [parser.name for parser in all_parsers()]


@pytest.fixture(scope="module", autouse=True)
def _no_hub_stays() -> Iterator[None]:
    yield
    parsers_deep.HUBS.close()


@pytest.mark.parametrize("name", NAMES)
def test_parser_holds(name: str) -> None:
    """Sound samples and hostile inputs are taken or refused in words, within time and memory."""
    report = run(parser_named(name), 24.0, SEED, inputs=INPUTS)
    assert report.inputs == INPUTS
    assert report.accepted + report.refused.total() >= INPUTS


def test_a_report_is_json() -> None:
    report = run(parser_named("varint"), 24.0, SEED, inputs=INPUTS)
    said = json.loads(json.dumps(as_json(report)))
    assert said["accepted"] + sum(said["refused"].values()) == report.accepted + sum(
        report.refused.values()
    )
    assert report.refused, "nothing was refused: the test would prove nothing"


def test_a_run_goes_on_where_its_file_ends(tmp_path: Path) -> None:
    """In stretches, or all at once: the same inputs; other code and seeds begin at the first."""
    parser, file = parser_named("envelope"), tmp_path / "kept"
    for count in (70, 130):
        report = run(parser, 24.0, 5, inputs=count, so_far=Kept(file).so_far("envelope", 5))
        Kept(file).add(report)
    whole = run(parser, 24.0, 5, inputs=200)
    kept = Kept(file)
    assert kept.so_far("envelope", 5) == (200, whole.wire_bytes)
    assert [line["first"] for line in kept.lines] == [0, 70]
    assert kept.hours("envelope").here == pytest.approx(whole.hours)
    assert kept.so_far("envelope", 6) == kept.so_far("sealed", 5) == (0, 0)
    older = [dict(line, code="another") for line in kept.lines]
    assert Kept(lines=older).so_far("envelope", 5) == (0, 0)
    assert Kept(lines=older).hours("envelope").here == 0
    assert Kept(lines=older).hours("envelope").all == pytest.approx(whole.hours)


def test_the_file_of_sittings_is_sound() -> None:
    """What docs/TESTING.md says of the hours can be looked up, and nothing in it failed."""
    kept = Kept(Path(__file__).parent / "kept.jsonl")
    assert {line["outcome"] for line in kept.lines} == {"held"}
    full = {name for name in NAMES if kept.hours(name).all >= 24}
    assert len(full) >= 20
    assert kept.hours("envelope").processor_hours(24) > 0


def test_a_failure_is_kept_with_its_place(tmp_path: Path) -> None:
    """The inputs before it count, and the next run comes to it again."""

    def feed(data: bytes) -> None:
        if len(data) > 40:
            raise KeyError("not declared")

    kept = Kept(tmp_path / "kept")
    for _ in range(2):
        with pytest.raises(Failure) as failed:
            run(_parser(feed), 24.0, 1, inputs=500, so_far=kept.so_far("made up", 1))
        assert failed.value.report is not None
        kept.add(failed.value.report, str(failed.value))
    first, again = kept.lines
    assert first["inputs"] > 0
    assert (again["first"], again["inputs"]) == (first["inputs"], 0)
    assert first["outcome"] == again["outcome"] in kept.hours("made up").failed


def test_a_run_ends_when_asked() -> None:
    asked = iter([False] * 30 + [True])
    assert run(parser_named("envelope"), 24.0, 5, stop=lambda: next(asked)).inputs == 30


def test_seals_are_genuine() -> None:
    """The quick seal of the fuzz is that of the project, to the byte."""
    public, context = bytes(range(1, 33)), bytes(10)
    for plain in (b"", b"x" * 300):
        wanted = seal(plain, recipient=public, context=context, entropy=noise)
        assert sealed_alike(plain, public, context) == wanted


def test_strangers_come_first() -> None:
    """Whoever has little time feeds what matters most."""
    assert set(FROM_STRANGERS) <= set(NAMES)
    assert NAMES[: len(FROM_STRANGERS)] == list(FROM_STRANGERS)
    local = [parser.local for parser in all_parsers()]
    assert local == sorted(local)


def test_versions_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is in the files and what they are called; caches do not count."""
    monkeypatch.setattr(kept_module, "ROOT", tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.py").write_text("1", encoding="utf-8")
    first = digest([tmp_path / "x"])
    (tmp_path / "x" / "__pycache__").mkdir()
    (tmp_path / "x" / "__pycache__" / "a.pyc").write_bytes(b"2")
    assert digest([tmp_path / "x"]) == first
    (tmp_path / "x" / "a.py").write_text("2", encoding="utf-8")
    second = digest([tmp_path / "x"])
    (tmp_path / "x" / "a.py").rename(tmp_path / "x" / "b.py")
    assert len({first, second, digest([tmp_path / "x"])}) == 3


def test_samples_are_sound() -> None:
    """A parser whose samples it refuses would be fed nothing but rubbish."""
    for parser in all_parsers():
        verdicts = [judge(parser, sample) for sample in parser.samples()]
        assert "" in verdicts, parser.name


def test_no_parser_is_forgotten() -> None:
    """Everything in the project that is named like a parser is fed, or said to be none."""
    covered = {name for parser in all_parsers() for name in parser.covers}
    known = set(looks_like_parsers())
    others = {name for names in OTHERS.values() for name in names}
    assert covered <= known, "the fuzz names what is not there any more"
    left = {name for name in known - covered if name.partition(":")[2] not in others}
    assert not left, "add a parser in tests/fuzz, or a reason in everything.OTHERS"
    short = {name.partition(":")[2] for name in known}
    assert others <= short, "a reason for what is not there any more"


def test_names_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_an_input_can_be_made_again() -> None:
    """From seed, parser and number alone; and a run is a run."""
    parser = parser_named("record-content")
    samples = parser.samples()
    one = [make_input(parser, samples, 5, number) for number in range(50)]
    assert one == [make_input(parser, samples, 5, number) for number in range(50)]
    assert len(set(one)) > 40
    assert one != [make_input(parser, samples, 6, number) for number in range(50)]
    first, second = (run(parser, 24.0, 5, inputs=300) for _ in range(2))
    assert (first.refused, first.wire_bytes) == (second.refused, second.wire_bytes)


def test_hours_are_bytes_of_the_link() -> None:
    """A day of 60 kbit/s is 648 MB; for what cannot come over a link, a tenth."""
    parser = parser_named("envelope")
    assert parser.bytes_of(24) == 648e6
    assert replace(parser, local=True).bytes_of(24) == pytest.approx(64.8e6)
    report = run(parser, 0.001, 1)
    assert report.wire_bytes >= 27_000
    assert 0.001 <= report.hours < 0.0012
    assert run(parser, 24.0, 1, inputs=100).hours < 0.01


def test_mutations_are_of_many_kinds() -> None:
    """Shorter, longer, deeper and of other types, and rarely what it was."""
    sample = b"\x93\x01\xa3abc\x81\xa1k\x05"
    made = [mutated(Random(number), [sample], "msgpack") for number in range(800)]
    assert sum(len(one) < len(sample) for one in made) > 100
    assert sum(len(one) > 20 * len(sample) for one in made) > 20
    assert sum(one == sample for one in made) < 40
    assert any(b"\x91" * 30 in one for one in made)


# The fuzz must be able to fail


def _parser(feed: object, **more: object) -> Parser:
    made = Parser("made up", (), feed, lambda: [b"abc"], refusals=(BundleRejected,))  # type: ignore[arg-type]
    return replace(made, **more)  # type: ignore[arg-type]


def test_it_finds_another_exception() -> None:
    def feed(data: bytes) -> None:
        if len(data) > 40:
            raise KeyError("not declared")

    with pytest.raises(Failure, match="KeyError"):
        run(_parser(feed), 24.0, 1, inputs=500)


def test_it_finds_a_second_spelling() -> None:
    with pytest.raises(Failure, match="spells it"):
        run(_parser(bytes.strip, again=lambda found: found), 24.0, 1, inputs=5_000)


def test_it_finds_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processor time counts, not that the machine was busy."""
    monkeypatch.setattr(engine, "CPU_S_MAX", 0.02)

    def burn(data: bytes) -> None:
        end = time.process_time() + (0.05 if len(data) > 40 else 0.0)
        while time.process_time() < end:
            pass

    with pytest.raises(Failure, match="took"):
        run(_parser(burn), 24.0, 1, inputs=500)
    run(_parser(lambda data: time.sleep(0.03)), 24.0, 1, inputs=2)


def test_it_finds_what_needs_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TRACED_EVERY", 1)
    monkeypatch.setattr(engine, "RSS_EVERY", 10)
    monkeypatch.setattr(engine, "MEMORY_BYTES_MAX", 1 << 20)
    with pytest.raises(Failure, match="grew"):
        run(_parser(lambda data: len(bytearray(3 << 20))), 24.0, 1, inputs=50)
