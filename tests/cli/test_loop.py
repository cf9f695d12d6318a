"""Every command's happy path, over a real hub on loopback."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.realm import ASKS, DEPT, PATIENT, SPEECH, Realm, ok, xt

STATES = ["saved", "sent", "received", "opened", "claimed", "answered", "answer_received",
          "acted_on", "closed"]  # fmt: skip


def test_a_consult_goes_all_the_way_round(realm: Realm) -> None:
    """Request, open, claim, answer, acknowledge, dispense, close: every state with its time."""
    case = realm.request("--vital", "bp=185/95", "--voice", str(SPEECH), "--urgency", "stat")
    realm.sync(realm.post, realm.desk)
    opened = ok(xt(realm.desk, "open", case, "--json")).json
    assert opened["case"]["patient"]["identifiers"] == ["其其格", "1962-05-01"]
    ok(xt(realm.desk, "claim", case))
    answered = xt(realm.desk, "answer", case, "--advice", "卧床休息", "--diagnosis", "I10.x00x002",
                  "--rx", "氨氯地平; 5mg; po; qd; 7", "--disposition", "refer", "--refer-to",
                  "旗医院", "--expires", "24h", "--voice", str(SPEECH))  # fmt: skip
    assert "Patient: 其其格, 1962-05-01" in ok(answered).out
    realm.sync(realm.desk, realm.post)
    ok(xt(realm.post, "ack", case, "--done", "已服药"))
    ok(xt(realm.post, "dispense", case, "1"))
    ok(xt(realm.post, "close", case, "--outcome", "好转"))
    realm.sync(realm.post, realm.desk)
    shown = ok(xt(realm.post, "show", case, "--json")).json
    assert sorted(shown["states"]) == sorted(STATES)
    assert shown["outcome"] == "好转"
    assert shown["prescriptions"][0]["dispensed"]
    assert [a["kind"] for a in shown["attachments"]] == ["voice", "voice"]
    assert all(entry["received"] for entry in shown["timeline"])
    assert xt(realm.desk, "show", case, "--json").json["state"] == "closed"


def test_wait_tells_what_it_cost(realm: Realm) -> None:
    """`--wait --json`: case, state, seconds to the receipt, bytes and datagrams both ways."""
    made = ok(xt(realm.post, "request", *PATIENT, *ASKS, "--history", "活动后加重", "--wait", "20",
                 "--json")).json  # fmt: skip
    assert made["state"] == "received"
    assert 0 < made["seconds"] < 20
    assert made["bytes_sent"] > 28 * made["datagrams_sent"] > 0
    assert made["bytes_received"] > 28 * made["datagrams_received"] > 0
    assert made["patient"] == ["其其格", "1962-05-01"]


def test_saved_without_a_link(realm: Realm) -> None:
    """Without `--wait` nothing is sent; the identifiers come first, warnings on stderr."""
    made = ok(xt(realm.post2, "request", "--patient", "宝音", "--sex", "m", "--born", "1962",
                 "--dept", DEPT, "--complaint", "咳嗽", "--question", "用药"))  # fmt: skip
    assert made.out.splitlines()[0].endswith(" saved: 宝音, 1962")
    assert "only the year of birth is known" in made.err
    assert "allergies are missing" in made.err
    case = made.out.split()[0]
    assert xt(realm.post2, "show", case, "--json").json["state"] == "saved"
    realm.sync(realm.post2)
    assert xt(realm.post2, "show", case, "--json").json["state"] == "received"


def test_add_to_a_case(realm: Realm, tmp_path: Path) -> None:
    """Notes, vital signs, files and questions; the other side has them; files come out as sent."""
    case = realm.opened()
    paper = tmp_path / "报告.txt"
    paper.write_text("血钾 4.1", encoding="utf-8")
    ok(xt(realm.post, "note", case, "服药后减轻", "--vital", "pulse=88"))
    ok(xt(realm.post, "attach", case, str(paper), "--caption", "化验"))
    ok(xt(realm.desk, "ask", case, "向左肩放射吗"))
    realm.sync(realm.post, realm.desk, realm.post)
    shown = ok(xt(realm.post, "show", case)).out
    assert "向左肩放射吗" in shown
    assert "pulse 88 /min" in shown
    target = tmp_path / "out.txt"
    ok(xt(realm.desk, "save-blob", case, "1", str(target)))
    assert target.read_bytes() == paper.read_bytes()


def test_lists_and_queue(realm: Realm) -> None:
    """The post lists and searches its cases; the desk sees who waits, most urgent first."""
    calm = realm.request(patient="宝力格")
    pressing = realm.request("--urgency", "stat", patient="苏和")
    realm.sync(realm.desk)
    found = ok(xt(realm.post, "list", "--search", "宝力格", "--json")).json["cases"]
    assert [row["case"] for row in found] == [calm]
    order = [row["case"] for row in xt(realm.desk, "queue", "--json").json["queue"]]
    assert order.index(pressing) < order.index(calm)
    drawn = ok(xt(realm.desk, "queue", "--dept", DEPT)).out
    assert any(line.startswith("!!") and "苏和" in line for line in drawn.splitlines())
    assert xt(realm.desk, "queue", "--dept", "骨科", "--json").json["queue"] == []
    ok(xt(realm.desk, "open", calm))
    ok(xt(realm.desk, "claim", calm))
    ok(xt(realm.desk, "release", calm, "--reason", "交班"))
    assert xt(realm.desk, "show", calm, "--json").json["claimed_by"] == ""


def test_amend_and_recheck(realm: Realm) -> None:
    """An amendment replaces the answer; new findings flip it to recheck, and acting warns."""
    case = realm.answered("--rx", "氨氯地平; 5mg; po; qd; 7")
    ok(xt(realm.desk, "amend", case, "--reason", "补充", "--advice", "加用阿司匹林"))
    realm.sync(realm.desk, realm.post)
    shown = xt(realm.post, "show", case, "--json").json
    assert [(a["version"], a["stands"]) for a in shown["answers"]] == [(1, False), (2, True)]
    assert shown["answer"]["advice"] == "加用阿司匹林"
    assert "replaced by a newer version" in ok(xt(realm.post, "show", case)).out
    ok(xt(realm.post, "note", case, "--vital", "bp=200/110"))
    assert "RECHECK" in ok(xt(realm.post, "show", case)).out
    acted = ok(xt(realm.post, "ack", case, "--not-done", "患者拒绝"))
    assert "new findings came after this answer" in acted.err
    last = ok(xt(realm.post, "show", case)).out.splitlines()[-1]
    assert "could not be done" in last
    assert "患者拒绝" in last


def test_critical_alert_needs_a_name(realm: Realm) -> None:
    """A critical value alerts; the page says so until somebody acknowledges it by name."""
    case = realm.request("--vital", "bp=230/130")
    realm.sync(realm.desk)
    assert "nobody has acknowledged it yet" in ok(xt(realm.desk, "show", case)).out
    ok(xt(realm.desk, "alert", case, "已电话通知"))
    assert xt(realm.desk, "show", case, "--json").json["alerts"][0]["acknowledged_by"] == "王主任"
    assert "nobody has acknowledged" not in xt(realm.desk, "show", case).out


def test_station_hub_and_log(realm: Realm) -> None:
    """Status, log and hub commands, in words and as JSON."""
    status = ok(xt(realm.post, "status", "--json")).json
    assert (status["name"], status["kind"], status["practitioner"]) == ("巴音村", "post", "乌兰")
    assert "last contact" in ok(xt(realm.post, "status")).out
    assert ok(xt(realm.post, "log", "verify", "--json")).json["records"] > 0
    assert "every signature and chain checks" in ok(xt(realm.hub, "log", "verify")).out
    lines = ok(xt(realm.post, "log", "show", "--json")).out.splitlines()
    assert {json.loads(line)["kind"] for line in lines} >= {"station", "practitioner", "request"}
    rows = ok(xt(realm.hub, "hub", "stations", "--json")).json["stations"]
    assert [row["name"] for row in rows][:3] == ["旗医院", "巴音村", "察汗村"]
    assert "心内诊台" in ok(xt(realm.hub, "hub", "stations")).out
    stats = ok(xt(realm.hub, "hub", "stats", "--json")).json
    assert stats["stations"] >= 5
    assert "cases waiting: " in ok(xt(realm.hub, "hub", "stats")).out


def test_join_by_file(realm: Realm, tmp_path: Path) -> None:
    """Where there is no link a station joins through two files carried by hand."""
    code = realm.invite("远方村", "post", "朝鲁")
    home, asked = tmp_path / "far", tmp_path / "join.xt"
    assert "xt hub admit" in ok(xt(home, "join", code, "--out", str(asked))).out
    answer = ok(xt(realm.hub, "hub", "admit", str(asked), "--json")).json["welcome"]
    joined = ok(xt(home, "join", code, "--welcome", answer, "--json")).json
    assert (joined["name"], joined["kind"]) == ("远方村", "post")
    ok(xt(home, "sync", "--timeout", "90"))


def test_pin_locks_and_unlocks(realm: Realm, tmp_path: Path) -> None:
    """A locked station reads but does not sign without its PIN."""
    home = tmp_path / "locked"
    ok(xt(home, "join", realm.invite("锁村", "post", "锁匠")))
    ok(xt(home, "pin", XT_NEW_PIN="2468"))
    refused = xt(home, "request", *PATIENT, *ASKS)
    assert (refused.code, refused.out) == (5, "")
    assert "XT_PIN" in refused.err
    assert xt(home, "request", *PATIENT, *ASKS, XT_PIN="1111").code == 5
    ok(xt(home, "list"))
    ok(xt(home, "request", *PATIENT, *ASKS, XT_PIN="2468"))
    assert xt(home, "pin", "--remove", XT_PIN="9999").code == 5
    assert ok(xt(home, "pin", "--remove", "--json", XT_PIN="2468")).json == {"locked": False}
    ok(xt(home, "note", xt(home, "list", "--json").json["cases"][0]["case"], "好"))
    assert xt(home, "pin").code == 2
