"""What waits: listed, estimated, postponed, cancelled, resumed; and the link tested."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.roads.processes import XT, environment, free_port, serving, xt
from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import NotFound, UsageError
from xtcli.hub.roads import duties
from xtcli.records.case import State
from xtcli.records.ids import RecordId
from xtcli.station import roads
from xtcli.station.linkfile import write_link
from xtcli.station.roads_transfers import Transfers, seconds_of
from xtcli.transport.link.events import LinkMeasure

T = TypeVar("T")


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


def consult(realm: Realm, tmp_path: Path, size: int = 20_000) -> RecordId:
    """A case with a document, at the post."""
    post = realm.station("post")
    case = file_request(post)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(size))
    post.attach(case, paper)
    realm.close()
    return case


def test_the_list_says_what_waits_and_how_long(realm: Realm, tmp_path: Path) -> None:
    """Requests before documents, seconds from the link as measured, no patient's name."""
    case = consult(realm, tmp_path)
    post = realm.station("post")
    write_link(post.home, LinkMeasure(16_000.0, 0.8, 0.0, None, 0, 0, 0), post.clock())
    found = Transfers(post)
    first, last = found.waiting()
    found.close()
    assert first.priority == "text"
    assert first.what == "request, attach"
    assert first.cases == (str(case),)
    assert last.priority == "image"
    assert last.what == "document"
    assert first.seconds == pytest.approx(first.size * 8 / 16_000 + 0.4)
    assert last.seconds == pytest.approx((first.size + last.size) * 8 / 16_000 + 0.4)
    shown = xt(realm.root / "post", "transfers")
    assert "苏日娜" not in str(shown)
    assert [row["tag"] for row in shown["transfers"]] == [first.tag, last.tag]


def test_cancel_keeps_it_saved_and_sends_it_on_no_road(realm: Realm, tmp_path: Path) -> None:
    """The photo is cancelled: the request goes, the photo does not, neither by link nor by stick;
    it stays in the outbox as cancelled; resumed, it goes."""
    case = consult(realm, tmp_path)
    home = realm.root / "post"
    tag = xt(home, "transfers")["transfers"][1]["tag"]
    cancelled = xt(home, "transfers", "--cancel", tag)["transfers"][0]
    assert cancelled["state"] == "cancelled"
    with serving(realm.hub_home.root):
        done = xt(home, "sync", "--timeout", "60", code=9)
        assert done["waiting_blobs"] == 1
        assert done["waiting_records"] == 0
        stick = tmp_path / "stick"
        stick.mkdir()
        assert roads.visit_folder(realm.station("post"), stick).put == 0
        realm.close()
        assert realm.station("post").case(case).state is State.RECEIVED
        realm.close()
        assert not realm.hub().case(case).attachments[0].whole
        realm.close()
        assert xt(home, "transfers", "--resume", tag)["transfers"][0]["state"] in (
            "waiting", "started",
        )  # fmt: skip
        assert xt(home, "sync", "--timeout", "60")["waiting_blobs"] == 0
    assert realm.hub().case(case).attachments[0].whole


def test_postpone(realm: Realm, tmp_path: Path) -> None:
    """Postponed for two hours: not before, and by itself afterwards."""
    consult(realm, tmp_path)
    post, hub = realm.station("post"), realm.hub()
    found = Transfers(post)
    first, last = found.waiting()
    assert found.postpone(last.tag[:5], "2h").state == "postponed"
    found.close()
    stick = tmp_path / "stick"
    stick.mkdir()
    assert roads.visit_folder(post, stick).put == 1
    realm.clock.at += 2 * 3600 + 1
    assert roads.visit_folder(post, stick).put == 2
    does = duties(hub)
    assert roads.visit_folder(hub, stick, rule=does.rule, inside=does.inside).taken == 2
    assert first.tag != last.tag


def test_a_running_sync_hears_of_it(realm: Realm, tmp_path: Path) -> None:
    """Cancelling while another process of the station is sending takes effect in that process."""
    consult(realm, tmp_path)
    home = realm.root / "post"
    tag = xt(home, "transfers")["transfers"][1]["tag"]
    xt(home, "transfers", "--postpone", tag, "1h")
    with serving(realm.hub_home.root):
        watching = subprocess.Popen([XT, "sync", "--watch", "--timeout", "60", "--json"],
                                    env=environment(home), stdout=subprocess.PIPE)  # fmt: skip
        try:
            hub = realm.hub()
            (case,) = [row.case for row in _until(lambda: hub.cases())]
            assert not hub.case(case).attachments[0].whole
            xt(home, "transfers", "--resume", tag)
            _until(lambda: hub.case(case).attachments[0].whole)
        finally:
            watching.terminate()
            watching.communicate(timeout=20)


def _until(look: Callable[[], T]) -> T:
    """What `look` gives once it gives something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def test_wrong_words(realm: Realm, tmp_path: Path) -> None:
    consult(realm, tmp_path)
    found = Transfers(realm.station("post"))
    with pytest.raises(NotFound):
        found.cancel("ffffffffff")
    with pytest.raises(NotFound):
        found.cancel("")
    with pytest.raises(UsageError):
        found.postpone(found.waiting()[0].tag, "soon")
    found.close()
    assert seconds_of("90s") == 90
    assert seconds_of("1.5h") == 5400
    for text in ("", "0h", "2 weeks", "-1h", "9999d"):
        with pytest.raises(UsageError):
            seconds_of(text)
    realm.close()
    home = realm.root / "post"
    assert xt(home, "transfers", "--postpone", "ab", code=2)["error"]
    assert xt(home, "transfers", "2h", code=2)["error"]
    assert xt(home, "transfers", "--cancel", "a", "--resume", "b", code=2)["error"]


def test_link_test(realm: Realm) -> None:
    """Questions, a payload, what it cost; nothing of it stays at the hub. Status shows the road."""
    home = realm.root / "post"
    with serving(realm.hub_home.root):
        found = xt(home, "link", "test", "--timeout", "60")
    assert found["exit_code"] == "ok"
    assert found["answered"] == found["asked"] == 8
    assert found["payload_seconds"] > 0
    assert found["rtt_min_s"] <= found["rtt_s"]
    assert found["bytes_sent"] > 3000
    assert found["loss"] < 0.05
    hub = realm.hub()
    assert hub.log.refused_count() == 0
    assert hub.log.waiting(4).records == 0
    realm.close()
    status = xt(home, "status")
    (udp,) = [one for one in status["roads"] if one["road"] == "udp"]
    assert udp["bytes_out"] == found["bytes_sent"]
    assert udp["refused"] == 0
    assert status["waiting_records"] == 0
    assert xt(home, "transfers")["transfers"] == []


def test_link_test_without_an_answer(realm: Realm) -> None:
    home = realm.root / "post"
    found = xt(home, "link", "test", "--timeout", "2", code=8)
    assert found["answered"] == 0
    assert found["rtt_s"] is None
    assert found["rate_bps"] is None
    assert xt(home, "transfers")["transfers"] == []
    assert xt(home, "link", "test", "--bytes", "0", code=2)["error"]
