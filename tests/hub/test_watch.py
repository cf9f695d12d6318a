"""The promise, critical alerts, routing, and who may do what, end to end in one process."""

from __future__ import annotations

import pytest

from tests.hub.realm import Realm, answer, file, kinds
from xtcli.errors import NotAllowed, UsageError, XtError
from xtcli.hub import setup
from xtcli.records.case import Case, State
from xtcli.records.ids import RecordId
from xtcli.records.types import Kind, Revoked


def test_request_reaches_every_desk_of_its_department_and_no_other(realm: Realm) -> None:
    post = realm.add("村", "post")
    heart, heart2 = realm.add("心一", "desk", "心内科"), realm.add("心二", "desk", "心内科")
    skin = realm.add("皮", "desk", "皮肤科")
    case = file(post)
    realm.carry()
    assert heart.log.get(case)
    assert heart2.log.get(case)
    assert skin.log.get(case) is None
    assert post.case(case).states[State.RECEIVED]


def test_unanswered_escalates_once_and_says_so_in_the_case(realm: Realm) -> None:
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post)
    realm.carry()
    realm.clock.now += 600
    assert realm.hub.watch() == []
    realm.clock.now += 2
    assert kinds(realm.hub.watch()) == ["ESCALATED"]
    realm.clock.now += 3600
    assert realm.hub.watch() == []
    realm.carry()
    assert desk.case(case).escalated
    assert post.case(case).escalated


def test_escalated_cases_are_not_folded_again_at_every_look(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many that wait long must not keep a hub busy; a new one is still noticed."""
    post = realm.add("村", "post")
    for number in range(3):
        file(post, complaint=f"胸闷{number}天")
    realm.carry()
    realm.clock.now += 601
    assert len(realm.hub.watch()) == 3
    with monkeypatch.context() as looking:
        looking.setattr(realm.hub.log, "case", lambda *_: pytest.fail("folded again"))
        assert realm.hub.watch() == []
    file(post, complaint="又一位")
    realm.carry()
    realm.clock.now += 601
    assert kinds(realm.hub.watch()) == ["ESCALATED"]


@pytest.mark.parametrize("years", [-5, 5])
def test_a_clock_that_is_set_keeps_no_promise_from_being_watched(realm: Realm, years: int) -> None:
    """The hub's clock was years wrong while a request waited, either way; so was the post's."""
    post = realm.add("村", "post")
    realm.clock.now += 5 * 365 * 86_400
    case = file(post)
    realm.carry()
    realm.clock.now += years * 365 * 86_400
    made = realm.hub.watch()
    realm.clock.now += 700
    made += realm.hub.watch()
    assert [(record.case, record.kind.name) for record in made] == [(case, "ESCALATED")]
    assert realm.hub.case(case).overdue(realm.clock.now)


def test_one_case_that_breaks_the_hub_keeps_no_other_from_being_watched(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever mistake of ours one case hits, the others are escalated and alert again."""
    post = realm.add("村", "post")
    broken = file(post, complaint="胸闷1天")
    other = file(post, complaint="胸闷2天", vital=["spo2=70"])
    realm.carry()
    plain = realm.hub.log.case

    def case(number: RecordId, now: float = 0.0) -> Case:
        if number == broken:
            raise OverflowError("Python int too large to convert to C int")
        return plain(number, now)

    monkeypatch.setattr(realm.hub.log, "case", case)
    realm.clock.now += 601
    made = realm.hub.watch()
    assert {record.case for record in made} == {other}
    assert sorted(kinds(made)) == ["ALERT", "ESCALATED"]
    (fault,) = realm.hub.faults()
    assert str(broken) in str(fault)
    assert realm.hub.faults() == []


def test_a_critical_value_alerts_again_however_many_cases_are_open(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtcli.hub.hub.WATCHED_MAX", 2)
    post = realm.add("村", "post")
    case = file(post, vital=["bp=230/125"])
    for number in range(4):
        realm.clock.now += 1
        file(post, complaint=f"胸闷{number}天")
    realm.carry()
    realm.clock.now += 400
    assert [(r.case, r.kind.name) for r in realm.hub.watch()] == [(case, "ALERT")]


def test_answered_case_does_not_escalate(realm: Realm) -> None:
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post)
    realm.carry()
    desk.open_case(case)
    desk.answer(case, answer())
    realm.carry()
    realm.clock.now += 3600
    assert realm.hub.watch() == []


def test_unacknowledged_critical_value_alerts_again_until_a_named_person_acknowledges(
    realm: Realm,
) -> None:
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post, vital=["bp=230/125"])
    realm.carry()
    assert [a.acknowledged for a in desk.case(case).alarms] == [None]
    steps = []
    for _ in range(4):
        realm.clock.now += 301
        steps += [r.body.step for r in realm.hub.watch() if r.kind is Kind.ALERT]  # type: ignore[attr-defined]
        realm.carry()
    assert steps == [1, 2, 3, 4]
    assert len(post.case(case).alarms) == 5, "every step is logged in the case"
    desk.acknowledge_alert(case, "已通知")
    realm.carry()
    realm.clock.now += 10_000
    assert not [r for r in realm.hub.watch() if r.kind is Kind.ALERT]
    assert all(a.acknowledged for a in post.case(case).alarms)


def test_post_cannot_answer_and_desk_cannot_file(realm: Realm) -> None:
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post)
    realm.carry()
    with pytest.raises(NotAllowed):
        post.answer(case, answer())
    with pytest.raises(NotAllowed):
        file(desk)


def test_answer_is_based_on_what_was_opened(realm: Realm) -> None:
    """New vital signs after the opening flip the answer to recheck, at the post too."""
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post, vital=["bp=150/90"])
    realm.carry()
    with pytest.raises(UsageError, match="not opened"):
        desk.answer(case, answer())
    desk.open_case(case)
    post.note(case, "", ["bp=170/100"])
    realm.carry()
    written = desk.answer(case, answer())
    assert written.warnings, "the specialist is told that something new arrived"
    realm.carry()
    assert post.case(case).recheck
    assert desk.case(case).recheck


def test_amendment_is_a_new_version_and_keeps_prescription_ids(realm: Realm) -> None:
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post)
    realm.carry()
    desk.open_case(case)
    desk.answer(case, answer(rx=["氨氯地平; 5mg; po; qd; 7"]))
    realm.carry()
    post.dispense(case, "1")
    with pytest.raises(UsageError):
        post.dispense(case, "1")
    realm.carry()
    desk.amend(case, answer("加用阿司匹林", reason="补充", rx=[
        "氨氯地平; 5mg; po; qd; 7", "阿司匹林; 100mg; po; qd; 7"]))  # fmt: skip
    realm.carry()
    found = post.case(case)
    assert [v.number for v in found.versions] == [1, 2]
    assert found.answer is not None
    assert found.answer.body.advice == "加用阿司匹林"
    first, second = found.prescriptions
    assert not first.open, "what was dispensed stays dispensed in the new version"
    assert second.open


def test_expired_answer_says_so(realm: Realm) -> None:
    post, desk = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    case = file(post)
    realm.carry()
    desk.open_case(case)
    desk.answer(case, answer(expires="24h"))
    realm.carry()
    assert not post.case(case).expired(realm.clock.now)
    realm.clock.now += 86_401
    assert post.case(case).expired(realm.clock.now)
    assert post.ack(case, True, "做了").warnings


def test_revoked_station_is_refused_and_set_aside(realm: Realm) -> None:
    post = realm.add("村", "post")
    realm.hub.write(Revoked(post.number, "lost"), automatic=True)
    realm.hub.write(Revoked(post.number + 1, "lost"), automatic=True)
    realm.clock.now += 10
    case = file(post)
    with pytest.raises(AssertionError):
        realm.carry()
    assert realm.hub.log.get(case) is None
    assert realm.hub.log.refused_count() == 1


def test_new_desk_learns_of_open_cases(realm: Realm) -> None:
    post = realm.add("村", "post")
    realm.add("心", "desk", "心内科")
    case = file(post)
    realm.carry()
    late = realm.add("心后", "desk", "心内科")
    realm.carry()
    assert late.log.get(case)


def test_same_document_twice_is_one_case(realm: Realm) -> None:
    post = realm.add("村", "post")
    assert file(post) == file(post)


def test_near_duplicate_is_pointed_out_not_merged(realm: Realm) -> None:
    post = realm.add("村", "post")
    realm.add("心", "desk", "心内科")
    file(post)
    from xtcli.station.forms import RequestForm

    filed = post.file(RequestForm(
        patient="其其格", sex="f", born="1962-05-02", dept="心内科", complaint="头痛",
        question="如何处理", allergy="无"))  # fmt: skip
    assert len(filed.near) == 1
    assert len(post.cases()) == 2


def test_departments_are_checked_where_they_are_known(realm: Realm) -> None:
    realm.add("心", "desk", "心内科")
    post = realm.add("村", "post")
    with pytest.raises(UsageError, match="no department"):
        file(post, dept="骨科")


def test_case_without_word_of_its_end_cannot_close_silently(realm: Realm) -> None:
    post = realm.add("村", "post")
    case = file(post)
    with pytest.raises(UsageError):
        post.close_case(case, "")
    post.close_case(case, "患者已离开")
    assert post.case(case).state is State.CLOSED


def test_hub_setup_refuses_nonsense(realm: Realm) -> None:
    with pytest.raises(XtError):
        setup.init(realm.hub.home, "again", "127.0.0.1:4400")
