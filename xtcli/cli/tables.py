"""Tables and pages for people. It draws what the station's views say and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xtcli.cli import layout
from xtcli.cli.output import cells, say, seconds, size, strong
from xtcli.lang import tr
from xtcli.station import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xtcli.records.case import Case
    from xtcli.station import Station
    from xtcli.station.views import CaseRow, Status

URGENCY_MARK = {"routine": "", "urgent": "!", "stat": "!!"}
FIELDS = ("dept", "urgency", "complaint", "history", "exam", "vitals", "allergy", "question",
          "override")  # fmt: skip
PAGE_CELLS_MAX = 100
RETURNED_ROWS = 10
"""Refused records that a status page names."""


def show_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; on a terminal its last column is cut to fit, and where the others do not fit either
    every row is a block of its own.
    """
    most = cells()
    first, *rest = layout.table(titles, rows, most)
    if most is not None and max(layout.width(line) for line in (first, *rest)) > most:
        say("\n\n".join("\n".join(layout.block(titles, row, most)) for row in rows))
        return
    say(strong(first))
    for line in rest:
        say(line)


def queue_table(rows: Sequence[CaseRow]) -> None:
    """The specialist's queue."""
    if not rows:
        say(tr("Nobody waits."))
        return
    titles = ("", tr("case"), tr("waits"), "NEWS2", tr("dept"), tr("patient"), tr("taken by"),
              tr("complaint"))  # fmt: skip
    show_table(titles, [
        (_mark(row), str(row.case), _waits(row), _score(row), row.dept, _who(row), row.claimed_by,
         row.complaint)
        for row in rows
    ])  # fmt: skip


def case_table(rows: Sequence[CaseRow]) -> None:
    """The list of cases at a post."""
    if not rows:
        say(tr("No cases yet."))
        return
    titles = ("", tr("case"), tr("state"), tr("waits"), tr("dept"), tr("patient"), tr("complaint"))
    show_table(titles, [
        (_mark(row), str(row.case), _state(row), _waits(row), row.dept, _who(row), row.complaint)
        for row in rows
    ])  # fmt: skip


def _mark(row: CaseRow) -> str:
    """How urgent a case is; `A` for an alert that nobody has acknowledged."""
    return URGENCY_MARK[row.urgency] + ("A" if row.alerts else "")


def _state(row: CaseRow) -> str:
    if row.recheck and row.state != "closed":
        return f"{words.state(row.state)} {tr('(recheck)')}"
    return words.state(row.state)


def _waits(row: CaseRow) -> str:
    """How long a case waits; `!` once the ten minutes are over."""
    if row.waiting is None:
        return ""
    return seconds(row.waiting) + (" !" if row.overdue else "")


def _who(row: CaseRow) -> str:
    return " ".join(part for part in (row.name, words.sex(row.sex), row.age) if part)


def _score(row: CaseRow) -> str:
    return "" if row.score is None else str(row.score)


def _cells() -> int:
    return min(cells() or PAGE_CELLS_MAX, PAGE_CELLS_MAX)


def _say_all(items: Sequence[tuple[str, str]]) -> None:
    for line in layout.described(items, _cells()):
        say(line)


def case_page(here: Station, case: Case) -> None:
    """Everything about one case."""
    document = here.case_document(case)
    first, second = document["patient"]["identifiers"]
    title = f"{document['case']}  {words.state(document['state'])}"
    if document["claimed_by"]:
        title += "  " + tr("taken by") + f" {document['claimed_by']}"
    say(strong(title))
    who = tr("Patient: {name}, {second}", name=first, second=second)
    say(strong(f"{who}  {words.sex(document['patient']['sex'])} {document['age']}".rstrip()))
    if document["parent"]:
        say(tr("Follow-up of case {case}", case=document["parent"]))
    if document["continued_by"]:
        say(tr("Continued in {cases}", cases=", ".join(document["continued_by"])))
    _warnings(document)
    say("")
    _say_all(_fields(document))
    for number, version in enumerate(document["answers"], 1):
        _answer(version, number)
    _lists(document)
    _timeline(document)


def _fields(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What the request says, in the order in which it is read."""
    shown = dict(document, urgency=words.urgency(document["urgency"]), vitals=_vitals(document))
    items = [(words.field(name), shown[name]) for name in FIELDS if shown.get(name)]
    return items + ([(tr("outcome"), document["outcome"])] if document["outcome"] else [])


def _vitals(document: dict[str, Any]) -> str:
    """The vital signs on one line, and what they add up to."""
    shown = _signs(document["vitals"])
    scored = document["news2_text"]
    return f"{shown}  ({scored})" if shown and scored else shown


def _signs(vitals: dict[str, str]) -> str:
    """Vital signs by name and value."""
    from xtcli.clinic.signs import label

    return "  ".join(f"{label(code)} {text}" for code, text in vitals.items())


def _warnings(document: dict[str, Any]) -> None:
    """What must not be overlooked, above everything else."""
    if document["recheck"]:
        say(strong(tr("RECHECK: new findings came after the answer; ask again before acting."),
                   "red"))  # fmt: skip
    if document["expired"]:
        say(strong(tr("EXPIRED: this advice is no longer valid; ask again."), "red"))
    for alert in document["alerts"]:
        if alert["acknowledged_by"] is None:
            say(strong(tr("ALERT: {what}; nobody has acknowledged it yet.", what=alert["what"]),
                       "red"))  # fmt: skip


def _answer(version: dict[str, Any], number: int) -> None:
    """One version of the answer."""
    when = version["at"][:16].replace("T", " ")
    title = tr("Answer {number} by {who}, {when}", number=number, who=version["by"], when=when)
    if not version["stands"]:
        title += " " + tr("(replaced by a newer version)")
    say("")
    say(strong(title, "" if version["stands"] else "dim"))
    for line in layout.wrap(version["advice"], _cells()):
        say(line)
    where = words.disposition(version["disposition"])
    where += tr(": ") + version["refer_to"] if version["refer_to"] else ""
    items = [(tr("diagnosis"), f"{d['code']} {d['text']}".strip()) for d in version["diagnoses"]]
    items.append((tr("disposition"), where))
    if version["expires"]:
        items.append((tr("valid until"), version["expires"][:16].replace("T", " ")))
    if version["reason"]:
        items.append((tr("changed because"), version["reason"]))
    _say_all(items)


def _lists(document: dict[str, Any]) -> None:
    """Prescriptions and attachments, numbered as `dispense` and `save-blob` take them."""
    if document["prescriptions"] or document["attachments"]:
        say("")
    for line in document["prescriptions"]:
        dispensed = tr("dispensed") if line["dispensed"] else tr("not yet dispensed")
        state = tr("withdrawn") if line["withdrawn"] else dispensed
        days = tr("{n} days", n=line["days"])
        said = ", ".join((f"{line['drug']} {line['dose']}", line["route"], line["frequency"], days))
        say(f"Rx {line['rx']}  {said}  [{state}]")
    for number, item in enumerate(document["attachments"], 1):
        where = tr("here") if item["here"] else tr("on its way")
        length = " " + seconds(item["seconds"]) if item["seconds"] else ""
        said = f"{words.blob(item['kind'])}{length}, {size(item['size'])}  {item['caption']}"
        say(f"{tr('attachment')} {number}  {said.rstrip()}  {item['blob'][:8]}  [{where}]")


def _timeline(document: dict[str, Any]) -> None:
    """Who did what, when, and whether it has arrived."""
    say("")
    rows = []
    for entry in document["timeline"]:
        state = "received" if entry["received"] else ("sent" if entry["sent"] else "saved")
        if entry["refused"]:
            state = "refused"
        at = entry["at"][5:19].replace("T", " ")
        text = f"{entry['text']}  {_signs(entry['vitals'])}".strip()
        rows.append(
            (at, words.kind(entry["kind"], entry["done"]), entry["by"], words.state(state), text)
        )
    show_table((tr("time"), tr("what"), tr("who"), tr("state"), ""), rows)


def _returned(status: Status) -> None:
    """What will never arrive, and what to do about it."""
    for one in status.returned[:RETURNED_ROWS]:
        case = f" ({one.case})" if one.case is not None and one.case != one.record else ""
        say(tr("Refused by the hub: {record}", record=f"{one.record}{case}") + f"  {one.why}")
    if any(one.fork for one in status.returned):
        say(
            tr(
                "This home is an older copy of its station: what is written here cannot be taken. "
                "Get a new invitation, join with it in a new home, and file these again there."
            )
        )


def status_page(status: Status) -> None:
    """This station at a glance."""
    who = f"{status.name}  ({words.station(status.kind)} {status.number})  {status.practitioner}"
    say(who.rstrip())
    link = status.link
    if status.kind != "hub":
        if link.last_contact is None:
            say(tr("Hub {hub}: no contact yet", hub=link.hub))
        else:
            ago = seconds(max(0.0, status.now - link.last_contact))
            say(tr("Hub {hub}: last contact {ago} ago", hub=link.hub, ago=ago))
    if link.road and status.kind != "hub":
        say("  " + tr("over {road}", road=road_words(link.road)))
    if link.rate_bps:
        say("  " + tr("{rate} kbit/s, round trip {rtt}, loss {loss} %",
                      rate=f"{link.rate_bps / 1000:.1f}", rtt=seconds(link.rtt_s or 0),
                      loss=f"{(link.loss or 0) * 100:.0f}"))  # fmt: skip
    if status.waiting_records or status.waiting_blobs:
        text = tr("Waiting: {records} records, {blobs} attachments, {bytes}",
                  records=status.waiting_records, blobs=status.waiting_blobs,
                  bytes=size(status.waiting_bytes))  # fmt: skip
        if status.waiting_seconds is not None:
            text += tr(", about {time} to send", time=seconds(status.waiting_seconds))
        say(text)
    else:
        say(tr("Nothing waits to be sent."))
    say(tr("Open cases: {count}", count=status.open_cases))
    _returned(status)
    if status.refused or status.held:
        say(tr("Set aside: {refused} refused, {held} waiting for what they need",
               refused=status.refused, held=status.held))  # fmt: skip
    _roads(status)


def _roads(status: Status) -> None:
    """Every carrier used so far."""
    for road in status.roads:
        text = tr("{road}: {out} sent, {got} received, {refused} refused",
                  road=road_words(road.road), out=size(road.bytes_out), got=size(road.bytes_in),
                  refused=road.refused)  # fmt: skip
        if road.again:
            text += tr(", {count} came again", count=road.again)
        if road.last is not None:
            ago = seconds(max(0.0, status.now - road.last))
            text += tr(", last contact {ago} ago", ago=ago)
        say("  " + text)


def road_words(name: str) -> str:
    """A carrier under whose name the counts are kept, as people call it."""
    kind, _, device = name.partition(":")
    if kind == "serial":
        return tr("the line {device}", device=device)
    known = {"udp": "UDP", "https": "HTTPS", "folder": tr("folders"), "sms": tr("short messages"),
             "relay": tr("passed on as a relay")}  # fmt: skip
    return known.get(kind, name)
