"""Make the frozen statistics of primed PPM from documents. Run by scripts/train_dictionary.

Counts every string of up to `DEPTH` characters. The longest are weighed by how often they occur,
shorter ones by how many different characters precede them: a short context is only asked when the
longer ones failed, and then variety counts, not frequency (Kneser and Ney 1995). What occurs once
is dropped, which also keeps single patients' words out of the model; what was dropped goes to the
escape weight. Pure: documents in, bytes out, the same on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log2

from xtcli.transport.bundle.model import FIXED, WEIGHTS, write_model

BORDER_CHARACTER = "\uf8ff"
"""Stands for the border while counting; a private-use character that no document holds."""

DEPTH = 5
"""Longest string counted: up to four characters predict the next."""

KEPT_FROM = 2
"""A string that occurs less often is dropped, unless a longer one needs it."""

WORTH_BITS = 6.0
"""A string is kept when knowing it saves so many bits over the documents."""


def train(documents: Iterable[bytes], worth: float = WORTH_BITS) -> bytes:
    """A model file from `documents`, each a whole stream as `compress` will see it."""
    raw = _count(documents)
    counts = _varied(raw)
    kept = _prune(counts, raw, worth)
    alphabet = sorted({ord(s) for s in kept[1] if s != BORDER_CHARACTER} - set(FIXED))
    number_of = {chr(p): n for n, p in enumerate((*FIXED, *alphabet)) if p >= 0}
    number_of[BORDER_CHARACTER] = 0
    for character in number_of:
        kept[1].setdefault(character, 1)
    levels = [_rows(kept, counts, length, number_of) for length in range(len(kept))]
    return write_model(levels, alphabet)


def _count(documents: Iterable[bytes]) -> list[Counter[str]]:
    """How often every string occurs, by length; `[0]` is empty."""
    seen: list[Counter[str]] = [Counter() for _ in range(DEPTH + 1)]
    for document in documents:
        text = document.decode("utf-8", "surrogateescape")
        text = "".join(c for c in text if c < "\U00010000" and c != BORDER_CHARACTER)
        text = BORDER_CHARACTER + text + BORDER_CHARACTER
        for length in range(1, DEPTH + 1):
            seen[length].update(text[k : k + length] for k in range(len(text) - length + 1))
    return seen


def _varied(raw: list[Counter[str]]) -> list[Counter[str]]:
    """The counts that weigh: below the longest, how many characters precede a string."""
    found = list(raw)
    for length in range(1, DEPTH):
        variety = Counter(longer[1:] for longer in raw[length + 1])
        found[length] = Counter({s: variety[s] or n for s, n in raw[length].items()})
    return found


def _prune(
    counts: list[Counter[str]], raw: list[Counter[str]], worth: float
) -> list[dict[str, int]]:
    """The strings that save `worth` bits in the documents, or are needed by longer ones."""
    kept: list[dict[str, int]] = [{} for _ in counts]
    follow = [_followers(level) for level in counts[1:]]
    for length in range(len(counts) - 1, 0, -1):
        needed = {s[:-1] for s in kept[length + 1]} if length + 1 < len(kept) else set()
        level = kept[length]
        for s, n in counts[length].items():
            if length == 1 or s in needed:
                level[s] = n
            elif raw[length][s] >= KEPT_FROM:
                here = (2 * n - 1) / follow[length - 1][s[:-1]]
                below = (2 * counts[length - 1][s[1:]] - 1) / follow[length - 2][s[1:-1]]
                if raw[length][s] * log2(here / below) >= worth:
                    level[s] = n
        for s in needed:
            level.setdefault(s, 1)
    kept[0][""] = 0
    return kept


def _followers(level: Counter[str]) -> Counter[str]:
    """For every context, twice the count of what follows it, escapes included."""
    found: Counter[str] = Counter()
    for s, n in level.items():
        found[s[:-1]] += 2 * n
    return found


def _rows(
    kept: list[dict[str, int]], counts: list[Counter[str]], length: int, number_of: dict[str, int]
) -> list[tuple[int, int, int, int]]:
    """The nodes of one depth for `write_model`."""
    children: Counter[str] = Counter()
    unescaped: Counter[str] = Counter()
    follow: Counter[str] = Counter()
    if length + 1 < len(kept):
        for s, n in kept[length + 1].items():
            children[s[:-1]] += 1
            unescaped[s[:-1]] += n
        for s, n in counts[length + 1].items():
            follow[s[:-1]] += 1 + 2 * n
    rows = []
    for s in sorted(kept[length], key=lambda s: [number_of[c] for c in s]):
        escape = max(1, follow[s] - 2 * unescaped[s]) if children[s] else 0
        rows.append(
            (
                number_of[s[-1]] if s else 0,
                _code(2 * kept[length][s] - 1),
                children[s],
                _code(escape) if children[s] else 0,
            )
        )
    return rows


def _code(weight: int) -> int:
    """The code whose weight is nearest by ratio."""
    return (
        min(
            range(len(WEIGHTS)),
            key=lambda code: max(weight, WEIGHTS[code]) / min(weight, WEIGHTS[code]),
        )
        if weight > 0
        else 0
    )
