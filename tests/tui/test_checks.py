"""What a form says while it is typed: problems by field, flags, sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tui.helpers import NOW, demo, station_at
from xtcli.clinic.signs import Flag
from xtcli.errors import UsageError
from xtcli.station import desk_checks, linkfile
from xtcli.station.forecast import Forecast
from xtcli.station.forms import RequestForm
from xtcli.station.priority import IMAGE, TEXT, THUMBNAIL
from xtcli.station.station import Station


@pytest.fixture
def post(tmp_path: Path) -> Station:
    return station_at(demo(tmp_path / "post", "post"))


def form(**changes: object) -> RequestForm:
    """A complete request, with `changes`."""
    fields: dict[str, object] = {
        "patient": "王小明", "sex": "m", "born": "1958-03-12", "dept": "心内科",
        "urgency": "routine", "complaint": "胸痛", "question": "怎么办", "allergy": "无",
        "history": "无", "exam": "无", "vital": ["bp=120/80"],
    }  # fmt: skip
    return RequestForm(**(fields | changes))  # type: ignore[arg-type]


def test_a_complete_form_is_ready(post: Station) -> None:
    check = desk_checks.check_request(post, form())
    assert check.ready
    assert check.age
    assert "NEWS2" in check.score


def test_an_empty_form_names_every_field(post: Station) -> None:
    """All at once, not one after the other."""
    check = desk_checks.check_request(post, RequestForm())
    missing = {name for name, _ in check.problems}
    assert {"patient", "sex", "born", "dept", "complaint", "question", "allergy"} <= missing


@pytest.mark.parametrize(
    ("field", "typed"), [("born", "2030-01-01"), ("born", "x"), ("id", "123"), ("born", "1958-13")]
)
def test_wrong_identity(post: Station, field: str, typed: str) -> None:
    """A date or number that cannot be is told at its field."""
    check = desk_checks.check_request(post, form(**{field: typed}))
    assert not check.ready
    assert check.problem(field)


def test_what_passes_the_check_can_be_filed(post: Station) -> None:
    """The check and the signature agree."""
    typed = form()
    assert desk_checks.check_request(post, typed).ready
    filed = post.file(typed)
    assert filed.identifiers[0] == "王小明"


@pytest.mark.parametrize(
    ("code", "typed", "expected"),
    [("bp", "165/95", Flag.HIGH), ("pulse", "76", Flag.NORMAL), ("spo2", "88", Flag.LOW),
     ("temp", "36.8", Flag.NORMAL)],
)  # fmt: skip
def test_vitals_are_flagged(code: str, typed: str, expected: Flag) -> None:
    """Against the adult ranges."""
    vitals, check = desk_checks.check_vital(code, typed, 40.0)
    assert vitals
    assert check.flag is expected
    assert not check.problem


def test_a_vital_that_cannot_be_read(post: Station) -> None:
    """Says what is wrong, in the field and in the whole check."""
    assert desk_checks.check_vital("temp", "abc", 40.0)[1].problem
    check = desk_checks.check_request(post, form(vital=["temp=99"]))
    assert check.problem("temp")


def test_critical_values_are_told(post: Station) -> None:
    check = desk_checks.check_request(post, form(vital=["bp=192/120"]))
    assert check.critical


def test_an_emergency_may_be_incomplete(post: Station) -> None:
    """With a reason."""
    typed = form(urgency="stat", allergy="", override="昏迷")
    assert desk_checks.check_request(post, typed).ready
    assert not desk_checks.check_request(post, form(urgency="stat", allergy="")).ready


def test_sizes_and_seconds(post: Station) -> None:
    """Without a measured link the time is unknown; with one it is its bytes over the rate, the way
    there and what waits before it."""
    part = desk_checks.text_part(post, form())
    assert 100 < part.size < 1000
    assert part.seconds is None
    known = {"rate_bps": 8_000.0, "rtt_s": 1.0, "loss": 0.0, "last_contact": NOW}
    (post.home.root / linkfile.NAME).write_text(json.dumps(known))
    part = desk_checks.text_part(post, form())
    ahead = Forecast(post).ahead(TEXT)
    assert part.seconds is not None
    assert part.seconds == pytest.approx((part.size + ahead) / 1000 + 0.5, 0.15)
    assert desk_checks.text_part(post, form(history="长期头痛" * 100)).size > part.size


def test_the_bill_of_a_whole_request(post: Station) -> None:
    """All of it, and without the pictures: what the doctor decides by."""
    known = {"rate_bps": 8_000.0, "rtt_s": 1.0, "loss": 0.0, "last_contact": NOW}
    text = desk_checks.Part("text", 300, None)
    photo = desk_checks.Part("photo", 30_000, None, "a.jpg", priority=THUMBNAIL, picture=True)
    paper = desk_checks.Part("paper", 3_000, None, "a.pdf", priority=IMAGE)
    assert desk_checks.bill(Forecast(post), [text, photo]).seconds is None
    (post.home.root / linkfile.NAME).write_text(json.dumps(known))
    forecast = Forecast(post)
    ahead = forecast.ahead(IMAGE) / 1000
    bill = desk_checks.bill(forecast, [text, photo, paper])
    assert bill.seconds == pytest.approx(33.3 + ahead, 0.15)
    assert bill.without_pictures == pytest.approx(3.3 + ahead, 0.3)
    assert desk_checks.bill(forecast, [text, paper]).without_pictures is None


def test_a_file_that_is_not_there(post: Station) -> None:
    """It is told beside the file, and nothing else is lost."""
    part = desk_checks.file_part(post, "/nowhere/a.jpg")
    assert part.problem
    assert part.size == 0


def test_rx_lines() -> None:
    """Five parts make a line in words; a semicolon inside cannot make another line."""
    line = desk_checks.rx_line("阿司匹林", "300mg", "po", "st", "1")
    words, warnings = desk_checks.rx_text(line)
    assert "阿司匹林" in words
    assert warnings == ()
    with pytest.raises(UsageError):
        desk_checks.rx_line("a;b", "1", "po", "qd", "1")
    with pytest.raises(UsageError):
        desk_checks.rx_line("阿司匹林", "300mg", "po", "sometimes", "1")
