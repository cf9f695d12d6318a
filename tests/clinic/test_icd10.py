"""Diagnoses: the packaged table is whole, and what doctors type finds what they mean first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.clinic import icd10
from xtcli.clinic.icd10 import SYNONYMS, Table, lookup, search, table, valid_code

ROOT = Path(__file__).parents[2]


def test_the_table_is_whole_and_small() -> None:
    assert len(table()) == 35862
    packed = Path(icd10.__file__).parent / "data" / "icd10.zst"
    assert packed.stat().st_size <= 700_000
    assert all(valid_code(code) for code in table().codes)
    assert table().codes == sorted(set(table().codes))


def test_every_code_is_found_as_itself() -> None:
    for row, code in enumerate(table().codes):
        assert table().lookup(code) == table().entry(row)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("I10.x00x002", "高血压"),
        ("i10.X00X002", "高血压"),
        (" Ｉ１０．ｘ００ｘ００２ ", "高血压"),
        ("J18.900", "肺炎"),
        ("A01.000x003", "伤寒并发脑膜炎"),
        ("A01.000x003+G01*", "伤寒并发脑膜炎"),
    ],
)
def test_lookup(code: str, name: str) -> None:
    """Any case and width; a dagger code also without its asterisk partner."""
    found = lookup(code)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("code", ["", "I10", "I10.x00x", "Z99.999", "\n", "高血压"])
def test_lookup_of_nothing(code: str) -> None:
    assert lookup(code) is None


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("高血压", "高血压"), ("gxy", "高血压"), ("GXY", "高血压"), ("肺炎", "肺炎"),
        ("tnb", "糖尿病"),
        ("2型糖尿病", "2型糖尿病"), ("2xtnb", "2型糖尿病"), ("2型tnb", "2型糖尿病"),
        ("阑尾炎", "阑尾炎"), ("lwy", "阑尾炎"), ("I10.x00x002", "高血压"), ("E11", "2型糖尿病"),
        ("高血压 3级", "高血压3级"), ("脑梗", "脑梗死"), ("心梗", "心肌梗死"),
        ("iga肾病", "IgA肾病"),
        ("上呼吸道感染", "上呼吸道感染"), ("yzjp", "腰椎间盘突出"), ("ｇｘｙ", "高血压"),
        ("冠心病", "冠状动脉粥样硬化性心脏病"), ("gxb", "冠状动脉粥样硬化性心脏病"),
        ("慢阻肺", "慢性阻塞性肺病"), ("布病", "布氏菌病"),
    ],
)  # fmt: skip
def test_what_is_meant_comes_first(typed: str, first: str) -> None:
    assert search(typed)[0].name == first


def test_characters_in_order_where_nothing_has_them_together() -> None:
    assert True
    assert search("肺源心脏病")[0].name == "肺源性心脏病"


def test_synonyms_name_real_entries() -> None:
    names = set(table().names)
    assert all(name in names for _, name in SYNONYMS.values())
    assert all(initials.isascii() and len(initials) == len(said)
               for said, (initials, _) in SYNONYMS.items())  # fmt: skip


@pytest.mark.parametrize("said", SYNONYMS)
def test_synonyms_come_first_by_characters_and_initials(said: str) -> None:
    """Also where thousands of names share the two initials."""
    initials, name = SYNONYMS[said]
    assert search(said)[0].name == name
    same = {meant for letters, meant in SYNONYMS.values() if letters == initials}
    assert search(initials)[0].name in same


@pytest.mark.parametrize("typed", ["", "   ", "啊啊啊", "zzzzzzzz", "，", "\n", "\0"])
def test_nothing_found_is_an_empty_list(typed: str) -> None:
    assert search(typed) == []


def test_limit() -> None:
    assert len(search("糖尿病", 5)) == 5
    assert len(search("糖尿病", 0)) == 1
    assert len(search("病", 10_000)) == icd10.RESULTS_MAX


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.integers(0, 35861))
def test_every_entry_is_found_by_its_name(row: int) -> None:
    """The full name finds the entry among the first, unless names are shared."""
    entry = table().entry(row)
    if len(entry.name) <= icd10.QUERY_CHARS_MAX:
        names = [found.name for found in search(entry.name, 200)]
        assert entry.name in names[:20]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_searched(text: str) -> None:
    found = search(text)
    assert len(found) <= 20
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "code",
    ["I10", "I10.9", "I10.x00", "I10.x00x002", "A01.000x003+G01*", "A05.301+M01.3*", "D77*",
     "C81.001M96590/3", "B37.600I39.8", "A17.0†", "i10.x00x002", "U07.100"],
)  # fmt: skip
def test_valid_codes(code: str) -> None:
    assert valid_code(code)


@pytest.mark.parametrize(
    "code",
    ["", "10", "I1", "I10.", "I10.x0", "I10.x00x02", "I10.x00x0022", "II0", "I10 x", "高血压"],
)
def test_invalid_codes(code: str) -> None:
    assert not valid_code(code)


def test_built_from_a_csv(tmp_path: Path) -> None:
    """The script turns any table of the same form into one that is searched the same way."""
    source, out = tmp_path / "table.csv", tmp_path / "icd10.zst"
    source.write_text(
        "code,name\nI10.x00x002,高血压\nA07.100,贾第虫病\\[兰伯鞭毛虫病\\]\n"
        "M47.900,颈椎病\nR06.000,重度呼吸困难\nR06.001,重复呼吸\n",
        encoding="utf-8",
    )
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build_icd10"), str(source), str(out)],
        check=True,
        capture_output=True,
    )
    small = Table(zstandard.ZstdDecompressor().decompress(out.read_bytes()).decode())
    assert len(small) == 5
    found = small.lookup("A07.100")
    assert found is not None
    assert found.name == "贾第虫病[兰伯鞭毛虫病]"
    # 椎 as doctors say it, 重 by its word.
    assert [entry.name for entry in small.search("jzb")] == ["颈椎病"]
    assert [entry.name for entry in small.search("zdhx")] == ["重度呼吸困难"]
    assert [entry.name for entry in small.search("cfhx")] == ["重复呼吸"]


@pytest.mark.parametrize(
    "text", ["", "a\fb\fc\fd\fe\ff", "xt icd10 1 国家临床版2.0\fI10\f\f甲\f\f"]
)
def test_a_broken_table_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"icd10|unpack|expected|shorter|longer"):
        Table(text)
