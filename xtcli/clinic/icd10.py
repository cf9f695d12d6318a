"""Diagnoses by Chinese name, pinyin initials or code, over 国家临床版2.0 (ICD-10), 35,862 entries.

The table ships in `data/icd10.zst` (made by `scripts/build_icd10`) and is read on first use. It is
kept as three long strings with one line an entry, because searching one string is an order of
magnitude faster than a loop over entries. This module knows nothing of patients or screens.

Source: National Health Commission of China, 疾病分类与代码国家临床版2.0, an official document not
subject to copyright.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TITLE = "xt icd10 1 国家临床版2.0"
QUERY_CHARS_MAX = 64
RESULTS_MAX = 200
HITS_MAX = 5000
"""Entries looked at for one word; a single letter matches more, and nobody reads those."""
RANKED_MAX = 500
"""Of more hits than this only those with the shortest names are ranked, to keep a key fast."""
FUZZY_GAP_CHARS = 4
"""Characters that may stand between two typed ones: 心梗 finds 心肌梗死."""

SYNONYMS: dict[str, tuple[str, str]] = {
    "冠心病": ("gxb", "冠状动脉粥样硬化性心脏病"),
    "慢阻肺": ("mzf", "慢性阻塞性肺病"),
    "上感": ("sg", "上呼吸道感染"),
    "感冒": ("gm", "急性鼻咽炎［感冒］"),
    "甲亢": ("jk", "甲状腺功能亢进症"),
    "甲减": ("jj", "甲状腺功能减退症"),
    "房颤": ("fc", "心房颤动"),
    "心衰": ("xs", "心力衰竭"),
    "心梗": ("xg", "心肌梗死"),
    "脑梗": ("ng", "脑梗死"),
    "脑出血": ("ncx", "脑内出血"),
    "中风": ("zf", "脑卒中"),
    "宫外孕": ("gwy", "异位妊娠"),
    "包虫病": ("bcb", "棘球蚴病"),
    "布病": ("bb", "布氏菌病"),
    "乙肝": ("yg", "乙型病毒性肝炎"),
    "尿路感染": ("nlgr", "泌尿道感染"),
    "腰突": ("yt", "腰椎间盘突出"),
    "肺心病": ("fxb", "肺源性心脏病"),
}
"""What doctors say -> (its pinyin initials, the name in the table)."""

_HALF = r"[A-Z]\d{2}(?:\.[0-9x](?:\d{2}(?:x\d{3})?)?)?"
_CODE = re.compile(rf"^{_HALF}[*†+]?(?:\+?(?:{_HALF}\*?|M\d{{4,5}}/\d))?$")
_LIKE_CODE = re.compile(r"^[A-Za-z]\d[0-9A-Za-z.+*]*$")
_HAN = re.compile(r"[\u3400-\u9fff]")
_RUNS = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")
_SIGNS = ",()[]、-/+~ %;·:.<>"
"""Left out of initials, after folding."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One entry: its code (with `+` and `*` partners as published) and Chinese name."""

    code: str
    name: str


class Table:
    """The entries, searchable. Immutable after construction."""

    def __init__(self, text: str) -> None:
        """Unpack the six sections described in `scripts/build_icd10`; ValueError if not so."""
        title, codes, names, chars, letters, others = text.split("\f")
        if title != TITLE or len(chars) != len(letters):
            raise ValueError("not an icd10 table of this version")
        self.codes = codes.split("\n")
        self.names = names.split("\n")
        if len(self.codes) != len(self.names):
            raise ValueError("codes and names differ in number")
        read = list(names.lower().translate(dict(zip(map(ord, chars), letters, strict=True))))
        place = 0
        pairs = others.split()
        for step, letter in zip(pairs[::2], pairs[1::2], strict=True):
            place += int(step)
            read[place] = letter
        self._by_name = _Lines(_fold_long(names))
        self._by_initials = _Lines(_bare(_fold_long("".join(read))))
        self._by_code = _Lines(codes.lower())
        self._lengths = [len(name) for name in self.names]
        self._row_of = {code: row for row, code in enumerate(self.codes)}

    def __len__(self) -> int:
        """How many entries."""
        return len(self.codes)

    def entry(self, row: int) -> Diagnosis:
        """The entry at a row."""
        return Diagnosis(self.codes[row], self.names[row])

    def lookup(self, code: str) -> Diagnosis | None:
        """The entry with exactly this code, or whose part before `+` it is; else None."""
        wanted = canonical_code(code)
        row = self._row_of.get(wanted)
        if row is None:
            row = next(iter(self._by_code.rows("\n" + wanted.lower() + "+")), None)
        return None if row is None else self.entry(row)

    def search(self, text: str, limit: int = 20) -> list[Diagnosis]:
        """The best entries for what was typed, best first, at most `limit` (1 to 200).

        Words apart are all required. A word is a code prefix (`I10`), pinyin initials (`gxy`), or
        part of a name (`高血压`); if nothing has it, its characters in order, a few apart (`心梗`).
        """
        words = _fold(text[:QUERY_CHARS_MAX]).split()
        if not words:
            return []
        whole = "".join(words)
        found = self._all_of(words, self._rows_with)
        if not found:
            runs = [run for word in words for run in _RUNS.findall(word)]
            found = self._all_of(runs, self._rows_with) or self._all_of(runs, self._rows_like)
        said = frozenset(_said(whole))
        if len(found) > RANKED_MAX:
            meant = {row for name in said for row in self._by_name.rows(f"\n{name}\n")}
            short = sorted(sorted(found), key=self._lengths.__getitem__)[:RANKED_MAX]
            found = meant.union(short)
        best = sorted(found, key=lambda row: self._rank(row, whole, words[0], said))
        return [self.entry(row) for row in best[: max(1, min(limit, RESULTS_MAX))]]

    def _all_of(self, words: list[str], rows: Callable[[str], Iterator[int]]) -> set[int]:
        """Rows that every word finds."""
        found: set[int] | None = None
        for word in words:
            here = set(rows(word))
            found = here if found is None else found & here
            if not found:
                return set()
        return found or set()

    def _rows_with(self, word: str) -> Iterator[int]:
        """Rows whose name, initials or code holds `word` as typed or its synonyms."""
        for name in _said(word):
            yield from self._by_name.rows(name)
        if _HAN.search(word):
            yield from self._by_name.rows(word)
            return
        if _LIKE_CODE.match(word):
            yield from self._by_code.rows("\n" + word)
        bare = _bare(word)
        if bare:
            yield from self._by_initials.rows(bare)

    def _rows_like(self, word: str) -> Iterator[int]:
        """Rows whose name (or initials) holds the characters of `word` in order, a few apart."""
        if len(word) < 2:
            yield from self._rows_with(word)
            return
        lines = self._by_name if _HAN.search(word) else self._by_initials
        gap = rf"[^\n]{{0,{FUZZY_GAP_CHARS}}}?"
        yield from lines.matching(re.compile(gap.join(map(re.escape, word))))

    def _rank(
        self, row: int, whole: str, first: str, said: frozenset[str]
    ) -> tuple[int, int, int, int]:
        """Smaller is better: how it matches, how long the name is, how deep the code, where."""
        name, code = self._by_name.line(row), self._by_code.line(row)
        initials = self._by_initials.line(row)
        if name in said:
            match = 0
        elif whole in (name, code, initials):
            match = 1
        elif any(text.startswith(first) for text in (name, code, initials)):
            match = 2
        else:
            match = 3
        return (match, len(name), len(code), row)


def _said(word: str) -> list[str]:
    """Names in the table for what doctors say, by its characters or initials."""
    return [_fold(name) for said, (initials, name) in SYNONYMS.items() if word in (said, initials)]


def _fold(text: str) -> str:
    """For comparing: full-width and Roman numerals as ordinary letters, no capitals."""
    return unicodedata.normalize("NFKC", text).lower()


class _Lines:
    """A text of many lines, searched as one string, answered in line numbers."""

    def __init__(self, text: str) -> None:
        """Index where each line starts."""
        # A line break in front lets "\nI10" mean "a line that starts with I10".
        self._text = "\n" + text + "\n"
        self._starts = [0]
        self._lines = text.split("\n")
        place = 0
        for line in self._lines[:-1]:
            place += len(line) + 1
            self._starts.append(place)

    def line(self, row: int) -> str:
        """The text of a line."""
        return self._lines[row]

    def rows(self, part: str) -> Iterator[int]:
        """Numbers of the lines that hold `part`, each once, in order, at most `HITS_MAX`."""
        place, found = self._text.find(part), 0
        while place >= 0 and found < HITS_MAX:
            row = bisect_right(self._starts, place + part.startswith("\n") - 1) - 1
            row = max(row, 0)
            yield row
            found += 1
            # Go on from the next line: a line counts once.
            after = self._starts[row] + len(self._lines[row])
            place = self._text.find(part, after + (not part.startswith("\n")))

    def matching(self, pattern: re.Pattern[str]) -> Iterator[int]:
        """Numbers of the lines in which `pattern` is found, at most `HITS_MAX`, maybe repeated."""
        for found, match in enumerate(pattern.finditer(self._text)):
            if found >= HITS_MAX:
                return
            yield bisect_right(self._starts, match.start() - 1) - 1


def _fold_long(text: str) -> str:
    """`_fold` of the whole table: by distinct characters, several times faster than by all."""
    for sign in set(text):
        plain = unicodedata.normalize("NFKC", sign)
        if plain != sign:
            text = text.replace(sign, plain)
    return text.lower()


def _bare(text: str) -> str:
    """Without the signs that nobody types between initials."""
    for sign in _SIGNS:
        text = text.replace(sign, "")
    return text


@lru_cache(maxsize=1)
def table() -> Table:
    """The packaged table, read once a process."""
    import zstandard

    packed = (Path(__file__).parent / "data" / "icd10.zst").read_bytes()
    return Table(zstandard.ZstdDecompressor().decompress(packed).decode())


def canonical_code(code: str) -> str:
    """The code as the table writes it: no spaces, capital letters, a small `x` as the filler."""
    text = unicodedata.normalize("NFKC", code).strip().upper()
    return re.sub(r"(?<=[.\d])X(?=\d)", "x", text)


def valid_code(code: str) -> bool:
    """Whether `code` has the form of a 国家临床版 or WHO code; it need not be in the table.

    WHO categories (`I10`, `I10.9`), extensions (`I10.x00x002`), dagger-asterisk pairs
    (`A01.000x003+G01*`) and morphology (`C81.001M96590/3`) pass.
    """
    return _CODE.match(canonical_code(code)) is not None


def lookup(code: str) -> Diagnosis | None:
    """The diagnosis with this code in the packaged table, or None."""
    return table().lookup(code)


def search(text: str, limit: int = 20) -> list[Diagnosis]:
    """Diagnoses of the packaged table for what was typed, best first; see `Table.search`."""
    return table().search(text, limit)
