"""Bad input gets one clear sentence and the next step, its exit code, and changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.realm import ASKS, DEPT, PATIENT, Realm, Result, ok, process, xt

HAN = range(0x4E00, 0xA000)


def refused(result: Result, code: int, *words: str) -> None:
    """One sentence and a next step on stderr, nothing on stdout, no traceback."""
    assert result.code == code, (result.code, result.out, result.err)
    assert result.out == ""
    lines = result.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, result.err
    assert "Traceback" not in result.err
    assert "xt itself failed" not in result.err
    for word in words:
        assert word in result.err


def records(home: Path) -> int:
    """How many records are in a station's log."""
    return len(ok(xt(home, "log", "show", "--json")).out.splitlines())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_station_here(tmp_path: Path, language: str) -> None:
    """Every command of a station says how to become one, in both languages."""
    for words in (["status"], ["list"], ["request", *PATIENT, *ASKS], ["queue"], ["sync"],
                  ["show", "1-1"], ["log", "verify"], ["pin", "--remove"]):  # fmt: skip
        result = xt(tmp_path / "none", *words, language=language)
        refused(result, 5, "xt join" if words != ["pin", "--remove"] else "")
        assert any(ord(sign) in HAN for sign in result.err) == (language == "zh")
    assert not (tmp_path / "none").exists()


def test_json_errors(realm: Realm) -> None:
    """With `--json` an error is a document on stdout too."""
    result = xt(realm.post, "show", "99-1", "--json")
    assert result.code == 3
    error = result.json["error"]
    assert (error["code"], error["kind"]) == (3, "NotFound")
    assert error["message"]
    assert error["hint"]
    result = xt(realm.post, "sync", "--via", "--json")
    assert (result.code, result.json["error"]["message"]) == (2, "--via needs a value.")
    result = xt(realm.post, "list", "--search", "--json")
    assert result.json["error"]["hint"] == "See: xt list --help"


CASES = [
    (["show", "99-1"], 3, "no case 99-1"),
    (["show", "abc"], 2, "abc"),
    (["show", "0-0"], 2, "0-0"),
    (["open", "4-1"], 4, "post"),
    (["answer", "4-1", "--advice", "x", "--disposition", "stay"], 4, "post"),
    (["claim", "4-1"], 4, "post"),
    (["attach", "99-1", __file__], 3, "99-1"),
    (["request", *PATIENT, *ASKS, "--vital", "pulse=999"], 2, "pulse"),
    (["request", *PATIENT, *ASKS, "--vital", "bp=120"], 2, "blood pressure"),
    (["request", *PATIENT, *ASKS, "--vital", "xyz=1"], 2, "xyz"),
    (["request", *PATIENT, *ASKS, "--id", "152301196205010022"], 2, "check does not fit"),
    (["request", *PATIENT, *ASKS, "--urgency", "soon"], 2, "soon"),
    (["request", *PATIENT[:4], "--dept", DEPT, *ASKS, "--born", "1962-13-01"], 2, "1962-13-01"),
    (["request", *PATIENT[:4], "--dept", DEPT, *ASKS, "--born", "2999"], 2, "2999"),
    (["request", *PATIENT[:-1], "没有的科", *ASKS], 2, "Departments of this hub"),
    (["request", *PATIENT, *ASKS, "--attach", "/no/such/file.jpg"], 3, "file.jpg"),
    (["request", *PATIENT, *ASKS, "--voice", "/no/such/file.wav"], 3, "file.wav"),
    (["request", "--file", "/no/such.yaml"], 2, "such.yaml"),
    (["request", *PATIENT, *ASKS, "--wait", "soon"], 2, "--wait"),
    (["request", "--patient"], 2, "xt request --help"),
    (["list", "--nonsense"], 2, "--nonsense"),
    (["nonsense"], 2, "nonsense"),
    (["show"], 2, "CASE"),
    (["show", "4-1", "4-2"], 2, "4-2"),
    (["hub", "stations"], 4, "not a hub"),
    (["sync", "--via", "nothing:else"], 2, "nothing:else"),
    (["sync", "--via", "--timeout", "3"], 2, "--via needs a value"),
    (["request", *PATIENT, *ASKS, "--vital", "--wait", "3"], 2, "--vital needs a value"),
]


@pytest.mark.parametrize(("words", "code", "word"), CASES, ids=lambda v: str(v)[:48])
def test_refused_at_a_post(realm: Realm, words: list[str], code: int, word: str) -> None:
    """What cannot be done at a post, and words that make no command."""
    before = records(realm.post)
    result = xt(realm.post, *words)
    refused(result, code, word)
    assert records(realm.post) == before
    chinese = xt(realm.post, *words, language="zh")
    assert chinese.code == result.code
    assert any(ord(sign) in HAN for sign in chinese.err)


def test_all_missing_fields_at_once(realm: Realm) -> None:
    """A script hears of every missing field in one sentence."""
    result = xt(realm.post, "request")
    refused(result, 2, "--patient", "--sex", "--born", "--dept", "--complaint", "--question")
    result = xt(realm.post, "request", "--patient", "其其格", "--sex", "f", language="zh")
    refused(result, 2, "出生日期", "主诉", "科室", "问题")
    assert "--patient" not in result.err


def test_used_expired_and_foreign_codes(realm: Realm, tmp_path: Path) -> None:
    """A code works once, within its time, and not when a character was lost."""
    refused(xt(tmp_path / "again", "join", realm.codes["post"], "--timeout", "1"), 8, "used")
    assert not (tmp_path / "again" / "station.json").exists()
    late = realm.invite("迟到村", "post", "迟到", "--days", "0.000001")
    refused(xt(tmp_path / "late", "join", late, "--timeout", "1.5"), 8, "too old")
    refused(xt(tmp_path / "cut", "join", late[:-1]), 2, "whole invitation code")
    refused(xt(realm.post, "join", realm.invite("重复村", "post", "重复")), 2, "already")
    asked = tmp_path / "asked"
    asked.write_bytes(b"nonsense")
    refused(xt(realm.hub, "hub", "admit", str(asked)), 4, "not open")


def test_revoked_station(realm: Realm, tmp_path: Path) -> None:
    """After a revocation nothing new from there is accepted; the hub says it is done."""
    home = tmp_path / "gone"
    ok(xt(home, "join", realm.invite("离开村", "post", "离开")))
    assert "Revoked" in ok(xt(realm.hub, "hub", "revoke", "离开村", "--reason", "丢失")).out
    result = xt(home, "request", *PATIENT, *ASKS, "--wait", "1.5", "--json")
    assert result.code in (4, 9)
    if result.code == 9:
        assert result.json["state"] != "received"
    rows = xt(realm.hub, "hub", "stations", "--json").json["stations"]
    assert [row["revoked"] for row in rows if row["name"] == "离开村"] == [True]
    refused(xt(realm.hub, "hub", "revoke", "没有的村"), 3, "没有的村")
    refused(xt(realm.hub, "hub", "revoke", "旗医院"), 4, "hub itself")


def test_order_of_a_consult(realm: Realm) -> None:
    """Answer after opening, amend after answering, act after an answer, dispense once."""
    case = realm.request()
    refused(xt(realm.post, "ack", case), 3, "no answer")
    refused(xt(realm.post, "close", case), 2, "what became of")
    realm.sync(realm.desk)
    advice = ("--advice", "观察", "--disposition", "stay")
    refused(xt(realm.desk, "answer", case, *advice), 2, "not opened")
    ok(xt(realm.desk, "open", case))
    refused(xt(realm.desk, "amend", case, *advice, "--reason", "x"), 3, "no answer to change")
    refused(xt(realm.desk, "answer", case), 2, "--advice", "--disposition")
    refused(xt(realm.desk, "answer", case, "--advice", "x", "--disposition", "refer"), 2,
            "--refer-to")  # fmt: skip
    refused(xt(realm.desk, "answer", case, *advice, "--rx", "只有药名"), 2, "five parts")
    refused(xt(realm.desk, "answer", case, *advice, "--expires", "2020-01-01"), 2, "has passed")
    refused(xt(realm.desk, "release", case), 2, "not taken")
    ok(xt(realm.desk, "answer", case, *advice, "--rx", "氨氯地平; 5mg; po; qd; 7"))
    refused(xt(realm.desk, "answer", case, *advice), 2, "answer already", "xt amend")
    refused(xt(realm.desk, "amend", case, *advice), 2, "--reason")
    refused(xt(realm.desk, "ack", case), 4, "desk")
    refused(xt(realm.desk, "request", *PATIENT, *ASKS), 4, "desk")
    refused(xt(realm.desk, "alert", case), 3, "no alert")
    realm.sync(realm.desk, realm.post)
    ok(xt(realm.post, "dispense", case, "1"))
    refused(xt(realm.post, "dispense", case, "1"), 2, "already")
    refused(xt(realm.post, "dispense", case, "2"), 3, "no prescription line 2")


def test_a_desk_of_another_department(realm: Realm) -> None:
    """A case of one department is not even at the desk of another."""
    case = realm.request()
    realm.sync(realm.bones)
    refused(xt(realm.bones, "open", case), 3, "no case")
    assert xt(realm.bones, "queue", "--json").json["queue"] == []


def test_a_second_claim(realm: Realm, tmp_path: Path) -> None:
    """A colleague's case is not taken from under their hands."""
    second = tmp_path / "second"
    ok(xt(second, "join", realm.invite("心内二诊台", "desk", "张主任", "--dept", DEPT)))
    case = realm.opened()
    ok(xt(realm.desk, "claim", case))
    realm.sync(realm.desk, second)
    refused(xt(second, "claim", case), 4, "王主任")


def test_files_that_do_not_fit(realm: Realm, tmp_path: Path) -> None:
    """Too large, a folder, nothing inside: each is named, nothing is attached."""
    case = realm.request()
    before = records(realm.post)
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF-1.7\n" + b"\x01\x02" * 4_000_000)
    refused(xt(realm.post, "attach", case, str(large)), 2, "large.pdf", "8.0 MB")
    strange = tmp_path / "strange.bin"
    strange.write_bytes(b"\x01\x02" * 400)
    refused(xt(realm.post, "attach", case, str(strange)), 2, "strange.bin")
    folder = xt(realm.post, "attach", case, str(tmp_path))
    assert folder.code in (2, 3)
    refused(folder, folder.code)
    blank = tmp_path / "blank.txt"
    blank.write_bytes(b"")
    empty = xt(realm.post, "attach", case, str(blank))
    assert empty.code in (2, 3)
    refused(empty, empty.code)
    assert records(realm.post) == before
    refused(xt(realm.post, "save-blob", case, "7", str(tmp_path / "x")), 3, "no attachment")


def test_damaged_log(realm: Realm, tmp_path: Path) -> None:
    """`xt log verify` finds one changed byte of a record, and says what to do."""
    home = tmp_path / "damaged"
    shutil.copytree(realm.post2, home)
    ok(xt(home, "log", "verify"))
    with sqlite3.connect(home / "log.db") as database:
        station, seq, raw = database.execute(
            "SELECT station, seq, raw FROM records ORDER BY rowid DESC LIMIT 1"
        ).fetchone()
        changed = raw[:-1] + bytes([raw[-1] ^ 1])
        database.execute(
            "UPDATE records SET raw=? WHERE station=? AND seq=?", (changed, station, seq)
        )
    database.close()
    refused(xt(home, "log", "verify"), 6, "does not check", "log.db")


def test_not_a_log_at_all(realm: Realm, tmp_path: Path) -> None:
    """A home whose files are nonsense says so."""
    home = tmp_path / "nonsense"
    shutil.copytree(realm.post2, home)
    for name in ("log.db-wal", "log.db-shm"):
        (home / name).unlink(missing_ok=True)
    (home / "log.db").write_bytes(b"nonsense" * 1000)
    refused(xt(home, "list"), 6)
    (home / "station.json").write_text("{", encoding="utf-8")
    refused(xt(home, "list"), 6, "settings")


def test_unwritable_home(realm: Realm, tmp_path: Path) -> None:
    """A home that cannot be made is one sentence, and the code is not used up by it."""
    code = realm.invite("硬盘村", "post", "硬盘")
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    result = process(blocked / "home", "join", code)
    assert result.code != 0
    refused(result, result.code)
    ok(xt(tmp_path / "home", "join", code))


def test_too_many_invitations_are_not_made(realm: Realm, tmp_path: Path) -> None:
    """An invitation needs names, and a desk a department."""
    words = ("hub", "invite", "--station", "X", "--practitioner", "Y", "--kind")
    refused(xt(realm.hub, *words, "desk"), 2, "--dept")
    refused(xt(realm.hub, *words, "tent"), 2, "post, desk")
    refused(xt(realm.hub, "hub", "invite", "--station", "X"), 2, "--kind")
    refused(xt(realm.hub, "hub", "init", "--name", "Z", "--listen", "127.0.0.1:1"), 2, "already")
    refused(xt(tmp_path / "new", "hub", "init", "--name", "Z", "--listen", "nowhere"), 2, "nowhere")
