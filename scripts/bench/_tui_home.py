"""A home with ten thousand cases, signed and judged like real ones, made in one transaction."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from xtcli.records.ids import spans_of
from xtcli.records.sign import Record
from xtcli.records.types import Answer, Receipt
from xtcli.records.values import Disposition
from xtcli.records.version import seen_of
from xtcli.station.home import Home
from xtcli.station.station import Station
from xtcli.tui.demo import DESK, DOCTOR, HUB, POST, SPECIALIST, Realm, admit, request_of
from xtcli.tui.samples import SAMPLES

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文云兰凤洁梅琳素春松柏石山"


def records(realm: Realm, count: int, waiting: int, now: float, seed: int) -> Iterator[Record]:
    """`count` cases over two years, of which the newest `waiting` have no answer."""
    chance = random.Random(seed)
    for number in range(count):
        left = count - number
        open_case = left <= waiting
        at = now - (left * 40 if open_case else waiting * 40 + (left - waiting) * 6_300)
        sample = chance.choice(SAMPLES)
        name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2))))
        born = sample.born // 10_000 - chance.randrange(20)
        sample = replace(sample, name=name, born=born * 10_000 + chance.choice((105, 612, 1123)))
        asked = realm.sign(request_of(sample), DOCTOR, at=at)
        yield asked
        yield realm.sign(Receipt(records=spans_of([asked.id])), HUB, at=at + 2)
        if not open_case:
            body = Answer(seen_of([asked], SPECIALIST), "继续观察，两周后复查。", Disposition.STAY)
            yield realm.sign(body, SPECIALIST, asked.id, at=at + 240)


def make(
    root: Path,
    kind: str,
    count: int,
    now: float,
    entropy: Callable[[int], bytes],
    waiting: int = 60,
    seed: int = 1,
) -> Realm:
    """A station of `kind` in `root` with `count` cases; the realm that signed them."""
    realm = Realm(entropy)
    home = realm.home(root, POST if kind == "post" else DESK)
    fill(home, realm, records(realm, count, waiting, now, seed), now)
    return realm


def fill(home: Home, realm: Realm, found: Iterator[Record], now: float) -> None:
    """Roster and records into the home's log."""
    station = Station(home, clock=lambda: now, entropy=realm.entropy)
    try:
        admit(station.log, realm, iter((*realm.roster_records, *found)))
    finally:
        station.close()
