"""Tables and pages for people. It draws what the station's views say and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xtcli.cli.output import console, say, seconds, size
from xtcli.lang import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xtcli.records.case import Case
    from xtcli.station import Station
    from xtcli.station.views import CaseRow, Status

URGENCY_MARK = {"routine": " ", "urgent": "!", "stat": "!!"}
STATE_MARK = {
    "saved": "·", "sent": "→", "received": "✓", "opened": "◉", "claimed": "◉",
    "answered": "★", "answer_received": "★", "acted_on": "✔", "closed": "■",
}  # fmt: skip


def _table(*titles: str) -> Any:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def queue_table(rows: Sequence[CaseRow]) -> None:
    """The specialist's queue."""
    if not rows:
        say(tr("Nobody waits."))
        return
    table = _table("", tr("case"), tr("waits"), "NEWS2", tr("dept"), tr("patient"),
                   tr("complaint"), tr("taken by"))  # fmt: skip
    for row in rows:
        waits = seconds(row.waiting or 0) + (" !" if row.overdue else "")
        table.add_row(URGENCY_MARK[row.urgency], str(row.case), waits, _score(row), row.dept,
                      f"{row.name} {tr(row.sex)} {row.age}", row.complaint[:40],
                      row.claimed_by)  # fmt: skip
    console().print(table)


def case_table(rows: Sequence[CaseRow]) -> None:
    """The list of cases at a post."""
    if not rows:
        say(tr("No cases yet."))
        return
    table = _table("", tr("case"), tr("state"), tr("waits"), tr("dept"), tr("patient"),
                   tr("complaint"))  # fmt: skip
    for row in rows:
        waits = seconds(row.waiting) if row.waiting is not None else ""
        state = f"{STATE_MARK[row.state]} {tr(row.state)}" + (
            " " + tr("(recheck)") if row.recheck else ""
        )
        table.add_row(URGENCY_MARK[row.urgency], str(row.case), state, waits, row.dept,
                      f"{row.name} {tr(row.sex)} {row.age}", row.complaint[:40])  # fmt: skip
    console().print(table)


def _score(row: CaseRow) -> str:
    return "" if row.score is None else str(row.score)


def case_page(here: Station, case: Case) -> None:
    """Everything about one case."""
    document = here.case_document(case)
    first, second = document["patient"]["identifiers"]
    out = console()
    out.rule(f"{document['case']}  {tr(document['state'])}", align="left")
    out.print(tr("Patient: {name}, {second}", name=first, second=second)
              + f"  {tr(document['patient']['sex'])} {document['age']}", style="bold")  # fmt: skip
    _warnings(document)
    for key in ("dept", "urgency", "complaint", "history", "exam", "allergy", "question"):
        if document[key]:
            value = tr(document[key]) if key == "urgency" else document[key]
            out.print(f"[bold]{tr(key)}[/]  ", end="")
            out.print(value, markup=False)
    if document["vitals"]:
        shown = "  ".join(f"{code} {value}" for code, value in document["vitals"].items())
        score = document["news2"]
        out.print(f"[bold]{tr('vitals')}[/]  {shown}" + (f"  NEWS2 {score}" if score is not None
                                                         else ""))  # fmt: skip
    for number, version in enumerate(document["answers"], 1):
        _answer(version, number)
    _lists(document)
    _timeline(document)


def _warnings(document: dict[str, Any]) -> None:
    """What must not be overlooked, above everything else."""
    out = console()
    if document["recheck"]:
        out.print(tr("RECHECK: new findings came after the answer; ask again before acting."),
                  style="bold red")  # fmt: skip
    if document["expired"]:
        out.print(tr("EXPIRED: this advice is no longer valid; ask again."), style="bold red")
    for alert in document["alerts"]:
        if alert["acknowledged_by"] is None:
            out.print(tr("ALERT: {what}; nobody has acknowledged it yet.", what=alert["what"]),
                      style="bold red")  # fmt: skip


def _answer(version: dict[str, Any], number: int) -> None:
    """One version of the answer."""
    out = console()
    title = tr("Answer {number} by {who}, {when}", number=number, who=version["by"],
               when=version["at"])  # fmt: skip
    if not version["stands"]:
        title += " " + tr("(replaced by a newer version)")
    out.rule(title, align="left", style="dim" if not version["stands"] else "green")
    out.print(version["advice"], markup=False)
    for diagnosis in version["diagnoses"]:
        out.print(f"  {tr('diagnosis')}: {diagnosis['code']} {diagnosis['text']}", markup=False)
    where = tr(version["disposition"]) + (f": {version['refer_to']}" if version["refer_to"] else "")
    out.print(f"  {tr('disposition')}: {where}", markup=False)
    if version["expires"]:
        out.print(f"  {tr('valid until')}: {version['expires']}")
    if version["reason"]:
        out.print(f"  {tr('changed because')}: {version['reason']}", markup=False)


def _lists(document: dict[str, Any]) -> None:
    """Prescriptions and attachments."""
    out = console()
    for line in document["prescriptions"]:
        state = (
            tr("withdrawn")
            if line["withdrawn"]
            else (tr("dispensed") if line["dispensed"] else tr("open"))
        )
        text = f"  ℞ {line['rx']}. {line['drug']} {line['dose']} {line['route']}"
        out.print(f"{text} {line['frequency']} x{line['days']}  [{state}]", markup=False)
    for item in document["attachments"]:
        where = tr("here") if item["here"] else tr("on its way")
        length = f" {item['seconds']} s" if item["seconds"] else ""
        out.print(f"  ⊙ {tr(item['kind'])}{length} {size(item['size'])} {item['caption']}"
                  f"  {item['blob'][:12]}  [{where}]", markup=False)  # fmt: skip


def _timeline(document: dict[str, Any]) -> None:
    """Who did what, when, and whether it has arrived."""
    table = _table(tr("time"), tr("what"), tr("who"), tr("state"))
    for entry in document["timeline"]:
        state = (
            tr("received") if entry["received"] else (tr("sent") if entry["sent"] else tr("saved"))
        )
        table.add_row(entry["at"][5:19].replace("T", " "), tr(entry["kind"]), entry["by"], state)
    console().print(table)


def status_page(status: Status) -> None:
    """This station at a glance."""
    say(f"{status.name}  ({tr(status.kind)} {status.number})  {status.practitioner}")
    link = status.link
    if link.last_contact is None:
        say(tr("Hub {hub}: no contact yet", hub=link.hub))
    else:
        ago = seconds(max(0.0, status.now - link.last_contact))
        say(tr("Hub {hub}: last contact {ago} ago", hub=link.hub, ago=ago))
    if link.rate_bps:
        say("  " + tr("{rate} kbit/s, round trip {rtt}, loss {loss} %",
                      rate=f"{link.rate_bps / 1000:.1f}", rtt=seconds(link.rtt_s or 0),
                      loss=f"{(link.loss or 0) * 100:.0f}"))  # fmt: skip
    if status.waiting_records or status.waiting_blobs:
        text = tr("Waiting: {records} records, {blobs} attachments, {bytes}",
                  records=status.waiting_records, blobs=status.waiting_blobs,
                  bytes=size(status.waiting_bytes))  # fmt: skip
        if status.waiting_seconds is not None:
            text += ", " + tr("about {time} to send", time=seconds(status.waiting_seconds))
        say(text)
    else:
        say(tr("Nothing waits to be sent."))
    say(tr("Open cases: {count}", count=status.open_cases))
    if status.refused or status.held:
        say(tr("Set aside: {refused} refused, {held} waiting for what they need",
               refused=status.refused, held=status.held))  # fmt: skip
