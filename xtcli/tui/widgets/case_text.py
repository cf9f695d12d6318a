"""A case in words: what was asked, measured and answered, as styled text. Draws values only."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from xtcli.clinic.prescription import frequency_name, route_name
from xtcli.clinic.signs import Flag
from xtcli.lang import tr
from xtcli.records.parts import Prescription, Version
from xtcli.records.types import Ack
from xtcli.records.values import Disposition
from xtcli.station.desk_views import TimeLine, VitalLine
from xtcli.tui.sheet import Sheet
from xtcli.tui.text import clean, clock, fit, state_word

FLAG_SIGNS = {Flag.LOW: "v", Flag.HIGH: "^", Flag.IMPROBABLE: "?", Flag.NORMAL: " "}
"""`v` below, `^` above the range, `?` hardly true."""


def labelled(label: str, text: str, style: str = "") -> Content:
    """A label and its text; a label alone says that there is nothing."""
    return Content.assemble((f"{label}  ", "bold $secondary"), (clean(text, lines=True), style))


def flag_style(flag: Flag) -> str:
    """The colour of a flag, which its sign says too."""
    if flag in (Flag.LOW, Flag.HIGH):
        return "bold $error"
    return "bold $warning" if flag is Flag.IMPROBABLE else ""


def vital_words(vitals: Iterable[VitalLine]) -> Content:
    """Vitals on a line or two: sign, name, value."""
    parts = []
    for vital in vitals:
        sign = FLAG_SIGNS.get(vital.flag, " ").strip()
        parts.append(Content.assemble(f"{vital.label} ", (sign + vital.text,
                                                          flag_style(vital.flag))))  # fmt: skip
    return Content("  ").join(parts)


def link_lines(sheet: Sheet) -> list[Content]:
    """The case that this one continues, and those that continue it."""
    lines = []
    parent = sheet.case.body.parent
    if parent is not None:
        said = str(parent)
        if sheet.parent is not None:
            said += f"  {clock(sheet.parent.request.at, sheet.now)}  {sheet.parent.body.complaint}"
        lines.append(labelled(tr("follow-up of"), said))
    if sheet.follow_ups:
        lines.append(labelled(tr("continued in"), ", ".join(map(str, sheet.follow_ups)), "bold"))
    return lines


def request_text(sheet: Sheet) -> Content:
    """What was asked."""
    body = sheet.case.body
    allergy_style = "" if body.allergy.strip() in ("", "无", "none", "no") else "bold $error"
    lines = [
        *link_lines(sheet),
        labelled(tr("complaint"), body.complaint, "bold"),
        labelled(tr("question"), body.question, "bold"),
        labelled(tr("allergies"), body.allergy or "-", allergy_style),
    ]
    if sheet.vitals:
        lines.append(Content.assemble((tr("vitals") + "  ", "bold $secondary"))
                     + vital_words(sheet.vitals))  # fmt: skip
        lines.append(Content("  " + sheet.score))
    if body.history:
        lines.append(labelled(tr("history"), body.history))
    if body.exam:
        lines.append(labelled(tr("examination"), body.exam))
    if body.override:
        lines.append(labelled(tr("sent incomplete because"), body.override, "bold $warning"))
    lines.append(Content.assemble((
        tr("asked by {who}, {when}", who=clean(sheet.author),
           when=clock(sheet.case.request.at, sheet.now)), "$foreground 70%")))  # fmt: skip
    return Content("\n").join(lines)


def answer_text(version: Version, sheet: Sheet) -> Content:
    """One version of an answer."""
    body = version.body
    who = clean(sheet.names.get(version.record.author, "?"))
    title = tr("ANSWER {n} by {who}, {when}", n=version.number, who=who,
               when=clock(version.record.at, sheet.now))  # fmt: skip
    if not version.stands:
        title += " " + tr("(replaced)")
    lines = [Content.assemble((title, "bold $success" if version.stands else "$foreground 60%"))]
    lines.append(Content.assemble((clean(body.advice, lines=True), "bold" if version.stands else
                                   "$foreground 60%")))  # fmt: skip
    for diagnosis in body.diagnoses:
        lines.append(labelled(tr("diagnosis"), f"{diagnosis.code} {diagnosis.text}".strip()))
    where = tr("refer to {where}", where=body.refer_to)
    if body.disposition is Disposition.STAY:
        where = tr("stays")
    lines.append(labelled(tr("place of care"), where))
    if body.expires:
        lines.append(labelled(tr("valid until"), clock(body.expires, sheet.now)))
    if body.reason:
        lines.append(labelled(tr("changed because"), body.reason))
    return Content("\n").join(lines)


def rx_text(number: int, line: Prescription) -> Content:
    """One prescription line and what became of it."""
    rx = line.line
    state = tr("withdrawn") if line.withdrawn else (
        tr("dispensed") if line.dispensed else tr("not yet dispensed")
    )  # fmt: skip
    text = tr("{n}. {drug} {dose}, {route}, {frequency}, {days} days", n=number,
              drug=clean(rx.drug), dose=clean(rx.dose), route=route_name(clean(rx.route)),
              frequency=frequency_name(clean(rx.frequency)), days=rx.days)  # fmt: skip
    return Content(f"Rx {text}  [{state}]")


def summary(sheet: Sheet) -> Content:
    """The whole case: answers first, because that is what is looked for."""
    blocks = [answer_text(v, sheet) for v in reversed(sheet.case.versions) if v.stands]
    blocks += [rx_text(n, line) for n, line in enumerate(sheet.case.prescriptions, 1)]
    for record in sheet.case.acks:
        if isinstance(record.body, Ack):
            word = tr("done") if record.body.done else tr("could not be done")
            who = clean(sheet.names.get(record.author, ""))
            blocks.append(labelled(f"{word} ({who})", record.body.text))
    if sheet.case.outcome:
        blocks.append(labelled(tr("closed"), sheet.case.outcome))
    blocks.append(request_text(sheet))
    blocks += [answer_text(v, sheet) for v in reversed(sheet.case.versions) if not v.stands]
    return Content("\n").join(blocks)


def timeline_text(lines: Iterable[TimeLine], now: float) -> Content:
    """Who did what, when, and how far it has come; a second line where words need it."""
    drawn = []
    for line in lines:
        head = f"{fit(clock(line.at, now), 11)} {fit(line.kind, 8)} {fit(clean(line.who), 10)} "
        state = f"[{state_word(line.state)}]"
        drawn.append(Content.assemble((head, "bold"), (state, "$foreground 70%")))
        if line.text.strip():
            drawn.append(Content("  " + clean(line.text)))
    return Content("\n").join(drawn)


def vitals_text(vitals: Iterable[VitalLine], score: str) -> Content:
    """A table: value, range, how it stands, and its part of NEWS2."""
    titles = fit("", 2) + fit(tr("vital sign"), 20) + fit(tr("value"), 14)
    titles += fit(tr("normal range"), 14) + "NEWS2"
    lines = [Content.assemble((titles, "$foreground 70%"))]
    for vital in vitals:
        sign = FLAG_SIGNS.get(vital.flag, " ")
        points = "" if vital.points is None else str(vital.points)
        text = (fit(sign, 2) + fit(vital.label, 20) + fit(vital.text, 14) + fit(vital.normal, 14)
                + points)  # fmt: skip
        lines.append(Content.assemble((text, flag_style(vital.flag))))
    lines.append(Content.assemble((score, "bold")))
    return Content("\n").join(lines)
