"""Short messages that no network takes, plug-ins that misbehave, and copies by strangers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.roads.processes import XT, environment
from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.test_sms_road import SMS, End
from xtcli.errors import UsageError
from xtcli.records.case import State
from xtcli.station import roads_settings
from xtcli.station.roads_modem import MESSAGES_SETTING, Modem
from xtcli.station.roads_sms import DUPLICATE_SECONDS, FAILED_SECONDS, ROAD


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def end(ends: ExitStack, realm: Realm, name: str, size: int = SMS) -> End:
    made = End(realm.hub() if name == "hub" else realm.station(name), size)
    ends.callback(made.close)
    return made


def test_what_the_network_does_not_take_is_sent_soon_and_costs_nothing(
    realm: Realm, ends: ExitStack
) -> None:
    """One of several messages fails: after a pause one other goes, which completes the bundle."""
    post, hub = end(ends, realm, "post"), end(ends, realm, "hub")
    case = file_request(post.station)
    clock = realm.clock
    first, *rest = post.short.due(clock.at)
    assert rest
    post.short.failed(first, clock.at)
    for message in rest:
        post.short.handed_over(message)
        hub.short.receive("post", message.data, clock.at)
    state = post.store.short(first.peer, first.tag)
    assert state is not None
    assert state.spent == len(rest)
    assert post.short.due(clock.at + FAILED_SECONDS / 2) == []
    clock.at += FAILED_SECONDS
    (instead,) = post.short.due(clock.at)
    hub.short.receive("post", instead.data, clock.at)
    assert hub.station.log.records(case)


def test_a_modem_without_a_signal_never_uses_up_a_bundle(realm: Realm, ends: ExitStack) -> None:
    """Fifty failures on end, in processes of their own: the fifty-first sends all of it at once."""
    case = file_request(realm.station("post"))
    realm.close()
    for _ in range(50):
        with ExitStack() as one:
            post = end(one, realm, "post")
            messages = post.short.due(realm.clock.at)
            assert messages
            for message in messages:
                post.short.failed(message, realm.clock.at)
        realm.close()
        realm.clock.at += 60.0
    post, hub = end(ends, realm, "post"), end(ends, realm, "hub")
    for message in post.short.due(realm.clock.at):
        hub.short.receive("post", message.data, realm.clock.at)
    assert hub.station.log.records(case)


def test_a_strangers_copy_does_not_move_the_answers(realm: Realm, ends: ExitStack) -> None:
    """An old message comes again from another address, long after: its receipt goes to the station.
    Something new from a new address moves it."""
    post, hub = end(ends, realm, "post"), end(ends, realm, "hub")
    case = file_request(post.station)
    caught = [message.data for message in post.short.due(realm.clock.at)]
    for data in caught:
        hub.short.receive("post", data, realm.clock.at)
    assert {one.to for one in hub.short.due(realm.clock.at)} == {"post"}
    realm.clock.at += DUPLICATE_SECONDS + 1
    for data in caught:
        hub.short.receive("stranger", data, realm.clock.at)
    assert {one.to for one in hub.short.due(realm.clock.at)} == {"post"}
    assert len([one for one in hub.station.log.records(case) if one.id == case]) == 1
    file_request(post.station, complaint="头晕")
    for message in post.short.due(realm.clock.at):
        hub.short.receive("new number", message.data, realm.clock.at)
    assert {one.to for one in hub.short.due(realm.clock.at)} == {"new number"}


def test_counts_are_written_while_the_command_runs(realm: Realm, ends: ExitStack) -> None:
    """A hub's command runs for weeks: what it refused shows in `xt status` meanwhile, once."""
    hub = end(ends, realm, "hub")
    modem = Modem(["unused"], hub.mail, hub.store, lambda arrival: None)
    modem._line(["SIZE", "134"])
    for _ in range(2):
        modem._refuse("noise")
        modem._note()
        modem._note()
    (count,) = [one for one in hub.store.counts() if one.road == ROAD]
    assert count.refused == 2
    assert count.last is None


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ('sms:"no end of the quote', 2),
        ('sms:sh -c "echo SIZE 20; exit 0"', 8),
        ('sms:sh -c "sleep 1000"', 8),
        ('sms:sh -c "echo SIZE 134; exit 3"', 8),
        ('sms:sh -c "echo SIZE 134; while read a b c; do echo FAIL $b no signal; done"', 9),
    ],
    ids=["quote", "size", "silent", "ends", "no signal"],
)
def test_a_plug_in_that_misbehaves_is_one_sentence(realm: Realm, command: str, code: int) -> None:
    """No traceback, no word of the machinery, and `--timeout` holds for a command that is silent
    and leaves children behind."""
    realm.clock.at = time.time()
    case = file_request(realm.station("post"))
    realm.close()
    done = subprocess.run(
        [XT, "sync", "--via", command, "--timeout", "2"], env=environment(realm.root / "post"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert 1 <= len(done.stderr.strip().splitlines()) <= 2, done.stderr
    for word in ("Traceback", "child process", "Exception"):
        assert word not in done.stderr
    assert realm.station("post").case(case).state is State.SAVED


@pytest.mark.parametrize("text", ["abc", "-1", "nan", "inf", "0"])
def test_settings_that_are_no_numbers(
    realm: Realm, ends: ExitStack, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    post = end(ends, realm, "post")
    monkeypatch.setenv(MESSAGES_SETTING, text)
    with pytest.raises(UsageError):
        Modem(["unused"], post.mail, post.store, lambda arrival: None)
    monkeypatch.setenv(MESSAGES_SETTING, " ")
    assert roads_settings.number(MESSAGES_SETTING, 16, 1) == 16
    monkeypatch.setenv(MESSAGES_SETTING, "3")
    assert roads_settings.number(MESSAGES_SETTING, 16, 1) == 3
