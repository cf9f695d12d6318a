"""What a person fills in, before it is checked and signed.

A form holds text as typed. `problems` lists everything wrong at once, so that nobody has to send
the same form five times. It knows no storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xtcli.errors import UsageError
from xtcli.lang import tr
from xtcli.station import words

SEXES = {
    "m": 1, "male": 1, "男": 1, "f": 2, "female": 2, "女": 2, "u": 0, "unknown": 0, "未知": 0,
}  # fmt: skip
URGENCIES = {
    "routine": 0, "常规": 0, "普通": 0, "urgent": 1, "紧急": 1, "急": 1,
    "stat": 2, "危急": 2, "特急": 2,
}  # fmt: skip
DISPOSITIONS = {"stay": 1, "留": 1, "留治": 1, "refer": 2, "转": 2, "转诊": 2}
REQUIRED = ("patient", "sex", "born", "dept", "complaint", "question")
ASKED_FOR = {
    "patient": "the patient's name (--patient)",
    "sex": "the patient's sex, m or f (--sex)",
    "born": "when the patient was born, YYYY-MM-DD or YYYY (--born)",
    "dept": "the department (--dept)",
    "complaint": "the chief complaint (--complaint)",
    "question": "the question to the specialist (--question)",
}
ALIASES = {
    "姓名": "patient", "name": "patient", "性别": "sex", "出生": "born", "出生日期": "born",
    "national_id": "id", "身份证": "id", "身份证号": "id", "电话": "phone", "地址": "place",
    "科室": "dept", "department": "dept", "紧急程度": "urgency", "主诉": "complaint",
    "现病史": "history", "病史": "history", "查体": "exam", "体格检查": "exam",
    "过敏史": "allergy", "问题": "question", "生命体征": "vital", "vitals": "vital",
    "附件": "attach", "attachments": "attach", "语音": "voice", "前次病例": "parent",
}  # fmt: skip
TEXTS = (
    "patient", "sex", "born", "id", "phone", "place", "dept", "urgency", "complaint", "history",
    "exam", "allergy", "question", "override", "voice", "parent",
)  # fmt: skip
LISTS = ("vital", "attach")


@dataclass(slots=True)
class RequestForm:
    """A request as typed. Every field is text; empty means not given."""

    patient: str = ""
    sex: str = ""
    born: str = ""
    id: str = ""
    phone: str = ""
    place: str = ""
    dept: str = ""
    urgency: str = ""
    complaint: str = ""
    history: str = ""
    exam: str = ""
    allergy: str = ""
    question: str = ""
    override: str = ""
    voice: str = ""
    parent: str = ""
    """The number of the case that this request continues."""
    vital: list[str] = field(default_factory=list)
    attach: list[str] = field(default_factory=list)

    @classmethod
    def from_document(cls, document: object) -> RequestForm:
        """A form from one parsed YAML or JSON document; UsageError when it is not a request."""
        if not isinstance(document, Mapping):
            raise UsageError(
                "This document is not a list of fields.", "See: xt request --help, --file."
            )
        flat: dict[str, object] = {}
        for key, value in document.items():
            name = ALIASES.get(str(key).strip().lower(), str(key).strip().lower())
            if name == "patient" and isinstance(value, Mapping):
                for inner, text in value.items():
                    flat[ALIASES.get(str(inner).lower(), str(inner).lower())] = text
            else:
                flat[name] = value
        unknown = sorted(set(flat) - set(TEXTS) - set(LISTS))
        if unknown:
            raise UsageError(
                "This document has fields that xt does not know: {fields}.",
                "Known fields: {known}.",
                fields=", ".join(unknown), known=", ".join(TEXTS + LISTS),
            )  # fmt: skip
        form = cls()
        for name in TEXTS:
            setattr(form, name, _text(name, flat.get(name, "")))
        form.vital = _items(flat.get("vital"))
        form.attach = _items(flat.get("attach"))
        return form

    def missing(self) -> list[str]:
        """Names of the required fields that are still empty."""
        absent = [name for name in REQUIRED if not getattr(self, name).strip()]
        if "born" in absent and self.id.strip():
            absent.remove("born")
        if "sex" in absent and self.id.strip():
            absent.remove("sex")
        return absent

    def require(self) -> None:
        """UsageError that lists all missing fields at once."""
        absent = self.missing()
        if absent:
            raise UsageError(
                "Not given: {fields}.", "Give all of them and send the request again.",
                fields="; ".join(tr(ASKED_FOR[name]) for name in absent),
            )  # fmt: skip


@dataclass(slots=True)
class AnswerForm:
    """An answer as typed."""

    advice: str = ""
    diagnosis: list[str] = field(default_factory=list)
    rx: list[str] = field(default_factory=list)
    disposition: str = ""
    refer_to: str = ""
    expires: str = ""
    attach: list[str] = field(default_factory=list)
    voice: str = ""
    reason: str = ""

    def require(self) -> None:
        """UsageError that lists all missing fields at once."""
        absent = []
        if not self.advice.strip():
            absent.append(tr("the advice (--advice)"))
        if self.disposition.strip().lower() not in DISPOSITIONS:
            absent.append(tr("whether the patient stays or is referred (--disposition stay|refer)"))
        elif DISPOSITIONS[self.disposition.strip().lower()] == 2 and not self.refer_to.strip():
            absent.append(tr("where the patient is referred to (--refer-to)"))
        if absent:
            raise UsageError(
                "Not given: {fields}.", "Give all of them and send the answer again.",
                fields="; ".join(absent),
            )  # fmt: skip


def choice(table: Mapping[str, int], typed: str, field_name: str) -> int:
    """The number behind a word of `table`; UsageError names the words."""
    found = table.get(typed.strip().lower())
    if found is None:
        raise UsageError(
            "{value} is not a {field}.", "Use one of: {known}.",
            value=typed, field=words.field(field_name), known=", ".join(table),
        )  # fmt: skip
    return found


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise UsageError("The field {field} is not text.", "Write it as one piece of text.", field=name)


def _items(value: object) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [f"{key}={item}" for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return [str(value)]
