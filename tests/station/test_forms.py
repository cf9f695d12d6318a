"""Forms: names in two languages, everything missing at once, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import UsageError
from xtcli.records import limits
from xtcli.records.values import Disposition, Seen, Sex, Urgency
from xtcli.station import filing
from xtcli.station.forms import REQUIRED, AnswerForm, RequestForm, choice

NOW = 1_780_000_000.0
"""2026-05-29 in China."""
DEPTS = ("心内科", "骨科")
SEEN = Seen(bytes(8), ())


def whole(**more: object) -> RequestForm:
    """A form that can be filed."""
    fields = {
        "patient": "其其格", "sex": "f", "born": "1962-05-01", "dept": "心内科",
        "complaint": "胸闷3天", "question": "转诊吗", "allergy": "无",
    }  # fmt: skip
    return RequestForm.from_document(fields | more)


def refusal(call: Callable[[], object]) -> str:
    """The sentence of the UsageError that a call must raise."""
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


def test_names_in_two_languages() -> None:
    """A document in Chinese, with a nested patient, is the same form."""
    chinese = RequestForm.from_document({
        "patient": {"姓名": "其其格", "性别": "女", "出生日期": 1962}, "科室": "心内科",
        "主诉": "胸闷", "问题": "用药", "生命体征": {"bp": "165/95"}, "附件": "a.jpg",
    })  # fmt: skip
    assert (chinese.patient, chinese.sex, chinese.born) == ("其其格", "女", "1962")
    assert (chinese.vital, chinese.attach) == (["bp=165/95"], ["a.jpg"])


def test_unknown_and_wrong_fields_are_named() -> None:
    assert "shoe" in refusal(lambda: RequestForm.from_document({"shoe": 43}))
    assert "complaint" in refusal(lambda: RequestForm.from_document({"complaint": ["a"]}))
    for nonsense in (42, "text", ["a"], None):
        refusal(lambda value=nonsense: RequestForm.from_document(value))  # type: ignore[misc]


def test_everything_missing_at_once() -> None:
    """One sentence names all; a national number stands for sex and birth date."""
    text = refusal(RequestForm().require)
    assert all(f"--{name}" in text for name in REQUIRED)
    assert RequestForm(id="x").missing() == ["patient", "dept", "complaint", "question"]
    text = refusal(AnswerForm().require)
    assert "--advice" in text
    assert "--disposition" in text
    assert "--refer-to" in refusal(AnswerForm("x", disposition="refer").require)


@settings(derandomize=True)
@given(st.sets(st.sampled_from(REQUIRED)))
def test_missing_names_exactly_what_is_empty(empty: set[str]) -> None:
    form = whole()
    for name in empty:
        setattr(form, name, "  ")
    assert set(form.missing()) == empty


def test_request_becomes_a_body() -> None:
    """Values go through the clinical rules; what is doubtful becomes a warning."""
    found = filing.request_of(whole(vital=["bp=165/95"], urgency="特急"), DEPTS, NOW)
    assert found.body.urgency is Urgency.STAT
    assert found.body.patient.sex is Sex.FEMALE
    assert [v.text for v in filing.vitals_of(found.body.vitals)] == ["165 mmHg", "95 mmHg"]
    assert filing.identifiers(found.body.patient) == ("其其格", "1962-05-01")
    year = filing.request_of(whole(born="1962"), DEPTS, NOW)
    assert any("only the year of birth" in warning for warning in year.warnings)
    unknown = filing.request_of(whole(), (), NOW)
    assert any("departments are not known" in warning for warning in unknown.warnings)


@pytest.mark.parametrize(("field", "value", "word"), [
    ("dept", "没有的科", "没有的科"), ("urgency", "soon", "soon"), ("sex", "x", "x"),
    ("born", "1962-13-01", "1962-13-01"), ("born", "2999", "2999"),
    ("vital", ["pulse=999"], "pulse"), ("vital", ["zzz=1"], "zzz"), ("vital", ["bp=80/120"], "80"),
    ("id", "11010519491231002X", "1949-12-31"), ("id", "123", "3 characters"),
])  # fmt: skip
def test_refused_with_its_name(field: str, value: object, word: str) -> None:
    """What cannot be filed is named in the sentence."""
    assert word in refusal(lambda: filing.request_of(whole(**{field: value}), DEPTS, NOW))


def test_typed_fields_are_checked_one_by_one() -> None:
    """The check while a person is still at the field agrees with the one at the end."""
    for name, bad, good in (("sex", "x", "女"), ("born", "1962-13-01", "1962"),
                            ("dept", "没有的科", "骨科")):  # fmt: skip
        refusal(lambda n=name, b=bad: filing.check_typed(n, b, DEPTS, NOW))  # type: ignore[misc]
        filing.check_typed(name, good, DEPTS, NOW)


def test_answer_becomes_a_body() -> None:
    """Codes get their names, prescription lines an id, the expiry a moment."""
    lines = ["氨氯地平; 5mg; po; qd; 7"]
    form = AnswerForm("休息", ["I10.x00x002", "气短"], lines, "转诊", "旗医院", "24h")
    body = filing.answer_of(form, SEEN, NOW, lambda count: b"\1" * count).body
    assert body.disposition is Disposition.REFER
    assert body.diagnoses[0].code
    assert body.diagnoses[0].text
    assert (body.diagnoses[1].code, body.diagnoses[1].text) == ("", "气短")
    assert body.rx[0].id == b"\1" * limits.rx_id_bytes
    assert body.expires == int(NOW) + 86_400


@pytest.mark.parametrize(("typed", "seconds"), [
    ("", None), ("24h", 86_400), ("3d", 3 * 86_400), ("2小时", 7200), ("1天", 86_400),
])  # fmt: skip
def test_expiry(typed: str, seconds: int | None) -> None:
    wanted = 0 if seconds is None else int(NOW) + seconds
    assert filing.expiry_of(typed, NOW) == wanted


def test_expiry_by_day_lasts_that_whole_day_in_china() -> None:
    """2026-05-29 ends at midnight UTC+8; a day that has passed is refused."""
    assert filing.expiry_of("2026-05-29", NOW) == 1_780_070_400
    assert "has passed" in refusal(lambda: filing.expiry_of("2026-05-28", NOW))
    assert "cannot be read" in refusal(lambda: filing.expiry_of("soon", NOW))


def test_choice_lists_what_is_possible() -> None:
    with pytest.raises(UsageError) as caught:
        choice({"stay": 1, "refer": 2}, "go", "disposition")
    assert "stay, refer" in caught.value.advice
