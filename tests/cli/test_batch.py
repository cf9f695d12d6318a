"""`xt request --file`: many documents, one bad one, again, and two processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.realm import DEPT, Realm, environment, ok, process, xt

GOOD = """\
patient: {name}
sex: f
born: 1962-05-01
dept: 心内科
complaint: 胸闷3天
allergy: 无
question: 是否需要转诊
vital: {{bp: 165/95, pulse: 88}}
"""


def good(name: str) -> str:
    """A document that can be filed."""
    return GOOD.format(name=name)


def cases(home: Path) -> int:
    """How many cases a station has."""
    rows = ok(xt(home, "list", "--all", "--limit", "100000", "--json")).json["cases"]
    return len(rows)


def test_one_bad_document_stops_nothing(realm: Realm) -> None:
    """It is reported with its line; the others are filed; the exit code says: in part."""
    broken = "patient: [unclosed\nsex: f\n"
    unknown = good("乙").replace("心内科", "没有的科")
    text = "---\n".join([good("甲"), broken, unknown, good("丙")])
    before = cases(realm.post2)
    result = xt(realm.post2, "request", "--file", "-", "--json", stdin=text.encode())
    assert result.code == 10
    assert len(result.json["requests"]) == 2
    assert cases(realm.post2) == before + 2
    lines = [error["line"] for error in result.json["errors"]]
    assert 10 <= lines[0] <= 12
    assert lines[1] == text[: text.index("patient: 乙")].count("\n") + 1
    again = xt(realm.post2, "request", "--file", "-", stdin=text.encode())
    assert again.code == 10
    assert again.out.count("was saved before") == 2
    assert f"Line {lines[1]}: There is no department" in again.err
    assert cases(realm.post2) == before + 2


def test_json_lines_and_a_file(realm: Realm, tmp_path: Path) -> None:
    """JSON lines with a byte order mark, from a file; attachments lie beside the file."""
    (tmp_path / "note.txt").write_text("化验单", encoding="utf-8")
    document = {
        "姓名": "丁", "性别": "男", "出生": "1950", "科室": DEPT, "主诉": "头晕", "过敏史": "无",
        "问题": "用药", "附件": ["note.txt"],
    }  # fmt: skip
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\ufeff" + json.dumps(document, ensure_ascii=False) + "\n{broken\n",
                     encoding="utf-8")  # fmt: skip
    result = xt(realm.post2, "request", "--file", str(batch), "--wait", "20", "--json")
    assert result.code == 10, result.err
    (filed,) = result.json["requests"]
    assert filed["state"] == "received"
    assert [error["line"] for error in result.json["errors"]] == [2]
    shown = xt(realm.post2, "show", filed["case"], "--json").json
    assert [a["caption"] for a in shown["attachments"]] == ["note.txt"]


def test_nothing_good(realm: Realm) -> None:
    """Only bad documents, or none: a usage error, nothing filed."""
    before = cases(realm.post2)
    for text in (b"", b"---\n---\n# nothing\n", b"- a\n- b\n", b"\xff\xfe", b"{", b"42"):
        result = xt(realm.post2, "request", "--file", "-", stdin=text)
        assert result.code == 2, (text, result)
        assert result.err
    assert cases(realm.post2) == before


def test_two_processes_file_a_batch_once(realm: Realm, tmp_path: Path) -> None:
    """The same batch in two processes at the same moment creates every case once."""
    batch = tmp_path / "batch.yaml"
    batch.write_text("---\n".join(good(f"双{n}") for n in range(20)), encoding="utf-8")
    before = cases(realm.post2)
    command = [sys.executable, "-m", "xtcli", "request", "--file", str(batch), "--json"]
    both = [
        subprocess.Popen(command, env=environment(realm.post2), stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [json.loads(one.communicate(timeout=60)[0]) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert cases(realm.post2) == before + 20
    existed = [request["existed"] for one in said for request in one["requests"]]
    assert existed.count(False) == 20
    assert existed.count(True) == 20


def test_a_request_by_hand_is_filed_once_a_day(realm: Realm) -> None:
    """Enter pressed twice files one case and says which."""
    words = ("request", "--patient", "手工", "--sex", "f", "--born", "1962-05-01", "--dept", DEPT,
             "--complaint", "头痛", "--allergy", "无", "--question", "用药")  # fmt: skip
    first = ok(process(realm.post2, *words)).out.split()[0]
    assert ok(xt(realm.post2, *words)).out.startswith(f"{first} was saved before")
