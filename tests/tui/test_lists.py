"""Lists of cases: filters, search by initials, pages, and finding a case again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tui.helpers import NOW, arrive, case_of, demo, seeded, station_at
from xtcli.records.case import State
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask, Order, Summary, queue_rank
from xtcli.records.types import Answer, Note
from xtcli.records.values import Disposition
from xtcli.records.version import seen_of
from xtcli.station.desk_lists import (
    Arrivals,
    CaseLists,
    Show,
    Wanted,
    department_name,
    has_initials,
    is_initials,
)
from xtcli.station.station import Station
from xtcli.tui.demo import DOCTOR, DOCTOR2, SPECIALIST, make_home, request_of
from xtcli.tui.samples import SAMPLES


@pytest.fixture
def desk(tmp_path: Path) -> Station:
    return station_at(demo(tmp_path / "desk", "desk"))


def names(station: Station, wanted: Wanted) -> list[str]:
    """Names in a list."""
    return [row.name for row in CaseLists(station).page(wanted, 0, 100)]


def test_most_urgent_first(desk: Station) -> None:
    """Stat before urgent before routine, whatever the waiting time."""
    assert names(desk, Wanted())[0] == "王小明"
    rows = CaseLists(desk).page(Wanted(), 0, 100)
    assert [row.urgency for row in rows] == sorted((row.urgency for row in rows), reverse=True)


def test_every_filter_counts_what_it_shows(desk: Station) -> None:
    """The number beside a filter is the length of its list."""
    lists = CaseLists(desk)
    for show in Show:
        wanted = Wanted(show)
        assert lists.count(wanted) == len(lists.page(wanted, 0, 1000))


def test_filters_mean_what_they_say(desk: Station) -> None:
    """Overdue cases wait over ten minutes, answered ones have an answer, mine are mine."""
    lists = CaseLists(desk)
    assert all(row.overdue(NOW) for row in lists.page(Wanted(Show.OVERDUE), 0, 99))
    assert all(row.answered_at for row in lists.page(Wanted(Show.ANSWERED), 0, 99))
    mine = lists.page(Wanted(Show.MINE), 0, 99)
    assert mine
    assert all(row.mine for row in mine)
    assert {row.name for row in lists.page(Wanted(Show.OVERDUE), 0, 99)} >= {"李秀兰", "巴特尔"}


@pytest.mark.parametrize(
    ("typed", "name"),
    [("wxm", "王小明"), ("WXM", "王小明"), ("王小", "王小明"), ("qqg", "其其格"), ("bte", "巴特尔"),
     ("胸痛", "王小明"), ("dfc", "刘德福"), ("骑马", "巴特尔")],
)  # fmt: skip
def test_search(desk: Station, typed: str, name: str) -> None:
    """By name, initials of name or place, and complaint."""
    assert name in names(desk, Wanted(Show.ALL, typed))


def test_search_by_number(desk: Station) -> None:
    """A case's own number finds it."""
    case = case_of(desk, "其其格")
    assert CaseLists(desk).page(Wanted(Show.ALL, str(case)), 0, 5)[0].case == case


def test_search_finds_nothing(desk: Station) -> None:
    """What nobody is called finds nobody."""
    assert names(desk, Wanted(Show.ALL, "zzzz")) == []
    assert CaseLists(desk).count(Wanted(Show.ALL, "不存在")) == 0


def test_surnames_with_several_readings() -> None:
    """单 is Shan as a surname, dan otherwise; both letters find it."""
    assert has_initials("单雄信", "sxx")
    assert has_initials("单雄信", "dxx")
    assert has_initials("曾子", "zz")
    assert not has_initials("王小明", "xw")
    assert not has_initials("", "a")


def test_initials_are_told_from_words() -> None:
    """Only what has no Chinese in it can be initials."""
    assert is_initials("wxm")
    assert not is_initials("王x")
    assert not is_initials("  ")


def test_pages_join_without_gap_or_repeat(desk: Station) -> None:
    """Small pages give the same list as one large page, for table and looked-through lists."""
    lists = CaseLists(desk)
    for wanted in (Wanted(Show.ALL, order=Order.NEWEST), Wanted(Show.ANSWERED), Wanted(text="w")):
        whole = [row.case for row in lists.page(wanted, 0, 100)]
        parts = [row.case for n in range(0, 30, 3) for row in lists.page(wanted, n, 3)]
        assert parts == whole


def test_a_case_is_found_again(desk: Station) -> None:
    """Where a case stands now, from where it stood."""
    lists, wanted = CaseLists(desk), Wanted(Show.ALL)
    rows = lists.page(wanted, 0, 100)
    for place, row in enumerate(rows):
        assert lists.locate(wanted, row.case, 0) == place
    assert lists.locate(wanted, RecordId(9, 9), 0) is None


def test_a_change_is_seen_in_looked_through_lists(desk: Station) -> None:
    """An answer signed here appears among the answered without opening the list anew."""
    from xtcli.station.forms import AnswerForm

    lists = CaseLists(desk)
    before = lists.count(Wanted(Show.ANSWERED))
    case = case_of(desk, "其其格")
    desk.open_case(case)
    desk.answer(case, AnswerForm(advice="转院", disposition="stay"))
    assert lists.count(Wanted(Show.ANSWERED)) == before + 1


def test_department_names(desk: Station) -> None:
    """A code that the roster does not know stays as it is."""
    assert department_name(desk, "心内科") == "心内科"
    assert department_name(desk, "nowhere") == "nowhere"


def test_arrivals_are_told_once(tmp_path: Path) -> None:
    """Only records of other stations, and each once."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    desk = station_at(tmp_path)
    arrivals = Arrivals(desk)
    assert list(arrivals.new()) == []
    case = case_of(desk, "其其格")
    desk.open_case(case)
    assert list(arrivals.new()) == []
    came = arrive(tmp_path, realm, Note("头痛加重"), DOCTOR2, case)
    assert list(arrivals.new()) == [came]
    assert list(arrivals.new()) == []


@pytest.mark.parametrize("order", Order)
def test_every_filter_in_every_order(desk: Station, order: Order) -> None:
    """The table gives what filtering and sorting all rows by the rules would give."""
    rows = desk.log.summaries(Ask(limit=1000))
    me = desk.settings.practitioner
    keep: dict[Show, Callable[[Summary], bool]] = {
        Show.WAITING: lambda row: row.waiting_since > 0,
        Show.MINE: lambda row: row.claimed_by == me and row.state < State.CLOSED,
        Show.OVERDUE: lambda row: row.overdue(NOW),
        Show.OPEN: lambda row: row.state < State.CLOSED,
        Show.ANSWERED: lambda row: row.answered_at > 0,
        Show.ALL: lambda row: True,
    }
    sort: dict[Order, Callable[[Summary], Any]] = {
        Order.QUEUE: queue_rank,
        Order.NEWEST: lambda row: (-row.created, row.case),
        Order.UPDATED: lambda row: (-row.updated, row.case),
    }
    for show in Show:
        wanted = [row.case for row in sorted(filter(keep[show], rows), key=sort[order])]
        found = CaseLists(desk).page(Wanted(show, order=order), 0, 1000)
        assert [row.case for row in found] == wanted, (show, order)


def test_long_lists_are_whole(tmp_path: Path) -> None:
    """More than a thousand answered cases and hits are counted and paged to the last."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    station = station_at(tmp_path)
    records = []
    for number in range(1_020):
        at = NOW - 90_000 - number
        asked = realm.sign(request_of(replace(SAMPLES[0], name="周文")), DOCTOR, at=at)
        body = Answer(seen_of([asked], SPECIALIST), "继续观察", Disposition.STAY)
        records += [asked, realm.sign(body, SPECIALIST, asked.id, at=at + 60)]
    roster = station.roster
    with station.log.many():
        for record in records:
            assert station.log.admit(record, roster, at=record.at, via="test").new
    lists = CaseLists(station)
    for wanted in (Wanted(Show.ANSWERED), Wanted(Show.ALL, "zw")):
        count = lists.count(wanted)
        assert count >= 1_020
        last = lists.page(wanted, count - 3, 10)
        assert len(last) == 3
        assert lists.page(wanted, count, 10) == []
