"""What waits: listed, estimated, postponed, cancelled, resumed; and the link tested."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from tests.roads.processes import XT, environment, serving, xt
from tests.roads.realm import REQUEST, Realm, file_request
from tests.roads.switch import Switch
from xtcli.cli.roads import _cases
from xtcli.errors import NotFound, UsageError
from xtcli.hub.roads import duties
from xtcli.records.case import State
from xtcli.records.ids import RecordId
from xtcli.station import roads
from xtcli.station.attaching import Costs
from xtcli.station.forms import RequestForm
from xtcli.station.home import Home
from xtcli.station.linkfile import write_link
from xtcli.station.roads_transfers import Transfers, seconds_of
from xtcli.transport.link.events import LinkMeasure
from xtcli.transport.link.session import Link
from xtcli.transport.spool import Spool

T = TypeVar("T")


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
    assert last.cases == (str(case),)
    assert first.seconds is not None
    assert last.seconds is not None
    assert first.size * 8 / 16_000 + 0.4 < first.seconds < 1.1 * first.size * 8 / 16_000 + 0.5
    least = (first.size + last.size) * 8 / 16_000 + 0.4
    assert least * 1.03 < last.seconds < least * 1.1
    shown = xt(realm.root / "post", "transfers")
    assert "苏日娜" not in str(shown)
    assert [row["tag"] for row in shown["transfers"]] == [first.tag, last.tag]
    assert _cases(first) == str(case)
    assert _cases(replace(first, cases=tuple("abcdef"))) == "a, b, c, d and 2 more"


def test_what_has_arrived_is_not_promised_again(realm: Realm, tmp_path: Path) -> None:
    """A sync was cut when the hub had most of a document: the list says so, and so do the times."""
    consult(realm, tmp_path)
    post = realm.station("post")
    measure = LinkMeasure(16_000.0, 0.8, 0.0, None, 0, 0, 0)
    write_link(post.home, measure, post.clock())
    found = Transfers(post)
    _, before = found.waiting()
    left = {bytes.fromhex(before.tag): 5_000}
    write_link(post.home, measure, post.clock(), lacking=left)
    _, after = found.waiting()
    found.close()
    assert (before.arrived, after.arrived) == (0, after.size - 5_000)
    assert before.seconds is not None
    assert after.seconds is not None
    assert after.seconds < before.seconds - 15_000 * 8 / 16_000
    assert post.status().waiting_seconds == pytest.approx(after.seconds)
    assert xt(realm.root / "post", "transfers")["transfers"][1]["arrived"] == after.arrived


def test_a_promise_counts_what_goes_first_and_itself_once(realm: Realm, tmp_path: Path) -> None:
    """The request's own bytes once, an older document only before another document, loss too; what
    was postponed not at all."""
    consult(realm, tmp_path)
    post = realm.station("post")
    write_link(post.home, LinkMeasure(16_000.0, 0.8, 0.2, None, 0, 0, 0), post.clock())
    paper = tmp_path / "other.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + random.Random(4).randbytes(20_000))
    plain = {**REQUEST, "question": "需要用药吗？"}
    text = post.file(RequestForm.from_document(plain))
    assert text.estimate_seconds is not None
    assert text.estimate_seconds < 2
    costs: list[Costs] = []
    form = RequestForm.from_document({**REQUEST, "complaint": "头痛", "attach": [str(paper)]})
    filed = post.file(form, lambda parts: costs.extend(parts))
    busy = 40_000 * 8 / 16_000 / 0.8
    assert filed.estimate_seconds is not None
    assert busy < filed.estimate_seconds < 1.25 * busy
    assert costs[0].seconds is not None
    assert costs[0].seconds < 3
    assert sum(one.seconds or 0 for one in costs) == pytest.approx(filed.estimate_seconds, 0.1)
    found = Transfers(post)
    old = next(row for row in found.waiting() if row.what == "document")
    found.cancel(old.tag)
    found.close()
    assert post.seconds(1_000) == pytest.approx(filed.estimate_seconds - busy / 2, 0.15)


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
        assert done["rests"], "it did not wait for the end of its time"
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
            watching.communicate(timeout=60)


def _until(look: Callable[[], T]) -> T:
    """What `look` gives once it gives something."""
    end = time.monotonic() + 120
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


def test_what_the_hub_told_an_earlier_process_stands(realm: Realm, tmp_path: Path) -> None:
    """A sync that hears nothing, and a test of the link, do not unlearn how far a transfer is."""
    consult(realm, tmp_path)
    home = realm.root / "post"
    xt(home, "sync", "--via", "udp", "--timeout", "1", code=8)
    (paper,) = [one for one in xt(home, "transfers")["transfers"] if one["size"] > 20_000]
    told = {bytes.fromhex(paper["tag"]): 5_000}
    write_link(
        Home(home), LinkMeasure(16_000.0, 0.8, 0.0, None, 0, 0, 0), time.time(), lacking=told
    )
    xt(home, "sync", "--via", "udp", "--timeout", "1", code=8)
    xt(home, "link", "test", "--timeout", "1", code=8)
    (now,) = [one for one in xt(home, "transfers")["transfers"] if one["tag"] == paper["tag"]]
    assert now["arrived"] == now["size"] - 5_000


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
    # What it found is what is promised from now on: nobody is sent to test what was tested.
    assert found["rate_bps"] > 0
    assert status["link"]["rate_bps"] == found["rate_bps"]
    file_request(realm.station("post"))
    realm.close()
    assert xt(home, "transfers")["transfers"][0]["seconds"] > 0


def test_link_test_is_of_the_road_that_a_sync_would_use(realm: Realm) -> None:
    """Not of the invitation's address, when the station's roads say another one."""
    home = realm.root / "post"
    with Switch(realm.hub_address) as switch, serving(realm.hub_home.root):
        road = f"udp:{switch.address}"
        xt(home, "link", "add", road)
        xt(home, "link", "remove", "udp")
        found = xt(home, "link", "test", "--timeout", "60")
    assert (found["road"], found["exit_code"]) == (road, "ok")
    assert switch.there > 8
    said = [
        subprocess.run([XT, "link", "list"], capture_output=True, text=True, check=True,
                       env=environment(home) | {"XT_LANG": language}).stdout
        for language in ("en", "zh")
    ]  # fmt: skip
    assert "used last" in said[0]
    assert "上次使用" in said[1]


def test_link_test_without_an_answer(realm: Realm) -> None:
    home = realm.root / "post"
    found = xt(home, "link", "test", "--timeout", "2", code=8)
    assert found["answered"] == 0
    assert found["rtt_s"] is None
    assert found["rate_bps"] is None
    assert xt(home, "transfers")["transfers"] == []
    assert xt(home, "link", "test", "--bytes", "0", code=2)["error"]


def test_a_watch_that_never_heard_the_hub_does_not_say_that_all_is_safe(realm: Realm) -> None:
    """8 when nobody answered, with something to send or without; 0 only where it is true."""
    home = realm.root / "post"
    nobody = xt(home, "sync", "--watch", "--timeout", "1", code=8)
    assert nobody["exit_code"] == "link_down"
    with serving(realm.hub_home.root):
        done = xt(home, "sync", "--watch", "--timeout", "5")
        assert done["exit_code"] == "ok"
        file_request(realm.station("post"))
        realm.close()
    assert xt(home, "sync", "--watch", "--timeout", "1", code=8)["waiting_records"] == 1


def test_a_test_without_an_answer_claims_no_rate(realm: Realm) -> None:
    """What an earlier process measured is in `xt status`, not in this test; it says what to do."""
    post = realm.station("post")
    spool = Spool(post.home.spool_path)
    link = Link(local=3, peer=0, key=bytes(32), now=0.0, entropy=bytes)
    link.rate.learn(20_000.0, 0.7, 0.1, 0.0)
    spool.save_link_state(1, link.save())
    spool.close()
    realm.close()
    done = subprocess.run([XT, "link", "test", "--timeout", "1"], capture_output=True, text=True,
                          env=environment(realm.root / "post"), check=False)  # fmt: skip
    assert done.returncode == 8
    assert "kbit/s" not in done.stdout
    assert "xt link list" in done.stderr
    assert xt(realm.root / "post", "link", "test", "--timeout", "1", code=8)["rate_bps"] is None


def test_a_road_that_cannot_be_opened_teaches_nothing(realm: Realm) -> None:
    """A line is taken for as fast as it is set; when there is none, no other road is thought so."""
    home = realm.root / "post"
    xt(home, "sync", "--via", "serial:/dev/nowhere@9600", "--timeout", "1", code=11)
    xt(home, "sync", "--timeout", "1", code=8)
    assert xt(home, "status")["link"]["rate_bps"] is None


def test_wrong_times_and_tags_are_said() -> None:
    """No station is needed to see that; an empty tag is a wrong one."""
    home = Path("/nonexistent")
    for words in (
        ("sync", "--timeout", "-1"), ("sync", "--timeout", "nan"),
        ("link", "test", "--timeout", "inf"), ("join", "xt1.AA", "--timeout", "-1"),
        ("request", "--wait", "nan"),
        ("transfers", "--cancel", "a", "--resume", ""),
    ):  # fmt: skip
        assert xt(home, *words, code=2)["error"]["kind"] == "UsageError"


def test_an_empty_tag_names_no_transfer(realm: Realm) -> None:
    """As of a script's variable that was never set: not taken for a wish to see the list."""
    xt(realm.root / "post", "transfers", "--cancel", "", code=3)
