"""docs/CLINIC.md says what the tables say."""

from __future__ import annotations

from pathlib import Path

from xtcli.clinic.critical import DEFAULT
from xtcli.clinic.signs import TABLE, scaled_text

PAGE = (Path(__file__).parents[2] / "docs" / "CLINIC.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]


def short(value: int, decimals: int) -> str:
    """A bound as the page writes it: without a needless `.0`."""
    return scaled_text(value, decimals).removesuffix(".0")


def test_every_sign_is_on_the_page() -> None:
    """Number, code, Chinese, decimals and possible and plausible ranges."""
    rows = {row[1]: row for row in ROWS if row[0].isdigit()}
    assert rows.keys() == {sign.code for sign in TABLE}
    for sign in TABLE:
        row = rows[sign.code]
        assert (row[0], row[4]) == (str(sign.number), str(sign.decimals))
        assert row[2].startswith(sign.zh)
        for cell, bounds in ((row[5], sign.possible), (row[6], sign.plausible)):
            ends = [end.removesuffix(".0") for end in cell.split("–")]
            assert ends == [short(bound, sign.decimals) for bound in bounds], sign.code


def test_every_critical_rule_is_on_the_page() -> None:
    """Id and whether it is confirmed."""
    listed = {
        name: row[5] for row in ROWS if len(row) == 6 for name in row[0].split(", ")
    }  # fmt: skip
    for rule in DEFAULT.rules:
        assert listed[rule.id] == ("yes" if rule.confirmed else "no"), rule.id
    assert DEFAULT.version in PAGE
