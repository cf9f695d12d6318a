"""Texts to record bodies: what the shipped statistics are trained and measured on.

Reads folders of JSONL with fields id, source, kind, text. A hash of the id decides for ever which
items are kept aside (one in five): those are only ever measured on. The bodies are built by
`xtcli.records`, so that the scaffolding of a record is learnt with its words.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from hashlib import blake2s
from pathlib import Path

from xtcli.records import types
from xtcli.records.codec import content_of
from xtcli.records.ids import RecordId, Span
from xtcli.records.values import Diagnosis, Disposition, Patient, Rx, Seen, Sex, Urgency

CLINICAL = ("cehrner", "tcm_best4sdt")
SPOKEN = ("dialmed", "cmdd")
ENGLISH = ("primock57", "mts_dialog", "aci_bench")
ASIDE_OF_256 = 51
THINNED = 4
"""One in so many dialogue turns and English notes is used: more push out written Chinese."""
COPIED_CHARACTERS = 24

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文包巴乌斯那其布"
)
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉华建国红春梅海文志云晓东林生凤"
    "琴荣德福永清光庆金山利淑珍玲忠新民成龙宝贵根兴旺凯婷雪宇浩然子轩梓涵欣怡佳俊辉鹏"
    "飞波斌峰健康乐安宁慧洁琳颖瑞祥和顺喜才元亮图格日勒其木乌兰巴特尔那仁娜布和朝鲁苏"
    "雅拉高娃塔哈斯满都"
)
GIVEN_TRAINED = GIVEN[: len(GIVEN) * 4 // 5]
DEPTS = tuple(
    [
        "内科",
        "外科",
        "妇产科",
        "儿科",
        "心内科",
        "呼吸科",
        "消化科",
        "神经内科",
        "骨科",
        "皮肤科",
        "急诊科",
        "心电",
        "影像",
        "检验",
        "中医科",
        "内分泌科",
        "med",
        "surg",
        "card",
        "peds",
        "obgyn",
        "ecg",
        "img",
        "lab",
    ]
)
ALLERGIES = (
    "",
    "",
    "",
    *["无", "否认药物过敏史", "青霉素过敏", "头孢过敏", "磺胺类药物过敏", "不详"],
)
QUESTIONS = tuple(
    [
        "请指导进一步诊治。",
        "是否需要转院？",
        "请会诊，指导用药。",
        "目前诊断考虑什么？下一步如何处理？",
        "能否在我院继续治疗？",
        "需要做哪些检查？",
        "降压药如何调整？",
        "请协助阅读心电图。",
        "抗生素如何选择？",
        "是否需要急诊手术？",
        "请协助明确诊断及治疗方案。",
        "用药剂量是否合适？",
    ]
)
DRUGS = tuple(
    [
        "阿司匹林",
        "硝苯地平",
        "二甲双胍",
        "阿莫西林",
        "头孢克肟",
        "奥美拉唑",
        "蒙脱石散",
        "布洛芬",
        "氨溴索",
        "左氧氟沙星",
        "氯雷他定",
        "阿托伐他汀",
        "美托洛尔",
        "依那普利",
        "对乙酰氨基酚",
        "甲硝唑",
    ]
)
FREQUENCIES = tuple(
    ["每日一次", "每日两次", "每日三次", "必要时", "睡前", "qd", "bid", "tid", "q8h", "prn"]
)
DIAGNOSES = tuple(
    tuple(pair.split("="))
    for pair in [
        "I10=高血压",
        "E11=2型糖尿病",
        "J06=上呼吸道感染",
        "J18=肺炎",
        "K29=胃炎",
        "I20=心绞痛",
        "A09=急性胃肠炎",
        "I63=脑梗死",
        "J44=慢阻肺",
        "L30=皮炎",
    ]
)
PLACES = ("", "", "", "嘎查", "东村", "镇卫生院", "三组")

_CLAUSE = re.compile(r"[^，。；！？\n]*[，。；！？\n]?")
_PLAIN = str.maketrans({",": "，", ";": "；", "?": "？", "!": "！"})


def aside(item: str) -> bool:
    """Whether the item with this id is kept aside from training."""
    return blake2s(item.encode()).digest()[0] < ASIDE_OF_256


def texts(folder: Path, source: str, *, kept_aside: bool) -> Iterator[str]:
    """The texts of one half of a source, without long numbers; empty when it is not there."""
    for path in sorted(folder.rglob(f"{source}.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            if aside(item["id"]) == kept_aside:
                text = item.get("history") if source == "tcm_best4sdt" else item["text"]
                yield re.sub(r"\d{5,}", "", text or "").translate(_PLAIN)


def turns(text: str, speaker: str) -> list[str]:
    """What one speaker ("医生" or "患者") says in a dialogue."""
    found = (line.split("：", 1) for line in text.split("\n") if "：" in line)
    return [said for who, said in found if who == speaker]


def clauses(text: str) -> list[str]:
    """The text cut behind every comma and full stop."""
    return [c for c in _CLAUSE.findall(text.replace("\n", "。")) if c]


def runs(text: str) -> Iterator[str]:
    """All pieces of `COPIED_CHARACTERS` characters."""
    return (text[k : k + COPIED_CHARACTERS] for k in range(len(text) - COPIED_CHARACTERS + 1))


class Builder:
    """Draws bodies from texts with one seeded generator."""

    def __init__(self, seed: str, given: str, questions: list[str]) -> None:
        """`questions` are asked beside the usual ones."""
        self.random = random.Random(seed)
        self.given = given
        self.questions = questions

    def content(self, body: types.Body) -> bytes:
        """The record content of `body` under drawn numbers and a drawn time."""
        draw = self.random
        station = draw.choice((2, 3, 5, 12, 40, 77, 130, 300, 1200))
        seq = 1 + int(2 ** draw.uniform(0, 12))
        case = RecordId(
            draw.choice((station, station, draw.randint(2, 300))), draw.randint(1, seq - 1)
        )
        return content_of(
            body,
            station=station,
            seq=seq,
            author=station + draw.randint(1, 60),
            at=draw.randint(1_767_225_600, 1_893_456_000),
            case=None if isinstance(body, types.Receipt) else case,
        )

    def name(self) -> str:
        """A common surname and one or two given characters."""
        draw = self.random
        return draw.choice(SURNAMES) + "".join(draw.choices(self.given, k=draw.choice((1, 2, 2))))

    def vitals(self, count: int) -> tuple[tuple[int, int], ...]:
        """The first `count` of: pressures, pulse, breathing, temperature, saturation, ..."""
        draw = self.random
        systolic = int(draw.gauss(138, 22))
        drawn = (
            (1, systolic), (2, int(systolic * draw.uniform(0.55, 0.65))),
            (3, int(draw.gauss(86, 16))), (4, int(draw.gauss(20, 3))),
            (5, int(draw.gauss(370, 7))), (6, draw.randint(88, 100)),
            (9, int(draw.gauss(700, 200))), (11, int(draw.gauss(6300, 1000))), (8, 0), (7, 0),
        )  # fmt: skip
        return tuple(sorted((code, max(0, value)) for code, value in drawn[:count]))

    def request(self, complaint: str, history: str, exam: str, vitals: int) -> types.Request:
        """A request about a drawn patient."""
        draw = self.random
        born = draw.randint(1935, 2020) * 10000
        if draw.random() < 0.7:
            born += draw.randint(1, 12) * 100 + draw.randint(1, 28)
        patient = Patient(
            name=self.name(), sex=draw.choice((Sex.MALE, Sex.FEMALE)), born=born,
            place=draw.choice(PLACES),
        )  # fmt: skip
        return types.Request(
            patient=patient,
            dept=draw.choice(DEPTS),
            urgency=draw.choice((Urgency.ROUTINE, Urgency.ROUTINE, Urgency.URGENT, Urgency.STAT)),
            complaint=complaint.strip("，。；"),
            history=history.rstrip("，；"),
            exam=exam.rstrip("，；"),
            allergy=draw.choice(ALLERGIES),
            question=draw.choice((draw.choice(QUESTIONS), draw.choice(self.questions))),
            vitals=self.vitals(vitals),
        )

    def consult(self, parts: list[str], start: int, characters: int) -> tuple[types.Request, int]:
        """A request from clauses at `start`, of about so many characters, and the next clause."""
        pieces: list[str] = []
        at = start
        for share in (0.15, 0.55, 0.30):
            piece = ""
            while at < len(parts) and len(piece) < share * characters:
                piece += parts[at][:characters]
                at += 1
            pieces.append(piece)
        vitals = self.random.choice((0, 2, 4, 5, 6, 6, 7, 7, 8))
        return self.request(pieces[0], pieces[1], pieces[2], vitals), at

    def answer(self, advice: str) -> types.Answer:
        """An answer with diagnoses and prescriptions."""
        draw = self.random
        found = [
            Diagnosis(code=code, text=text)
            for code, text in draw.sample(DIAGNOSES, draw.randint(0, 2))
        ]
        lines = [
            Rx(
                id=draw.randbytes(6), drug=drug, dose=draw.choice(("10mg", "0.5g", "1片", "100mg")),
                route=draw.choice(("口服", "静滴", "外用")), frequency=draw.choice(FREQUENCIES),
                days=draw.randint(1, 14),
            )
            for drug in draw.sample(DRUGS, draw.randint(0, 2))
        ]  # fmt: skip
        return types.Answer(
            seen=self.seen(), advice=advice[:600], diagnoses=tuple(found), rx=tuple(lines),
            disposition=draw.choice((Disposition.STAY, Disposition.STAY, Disposition.REFER)),
        )  # fmt: skip

    def seen(self) -> Seen:
        """What an answer was based on."""
        draw = self.random
        first = draw.randint(1, 2000)
        spans = (Span(draw.choice((2, 3, 12, 77)), first, first + draw.randint(0, 4)),)
        return Seen(version=draw.randbytes(8), records=spans)

    def small(self, said: str) -> types.Body:
        """One of the short records, with `said` where it has words."""
        draw = self.random
        made: tuple[types.Body, ...] = (
            types.Note(text=said),
            types.Note(text=said, vitals=self.vitals(draw.randint(1, 4))),
            types.Ask(text=said),
            types.Opened(seen=self.seen()),
            types.Claimed(),
            types.Ack(answer=RecordId(draw.choice((2, 3, 12)), draw.randint(1, 4000)), text=said),
            types.Receipt(records=self.seen().records),
            types.Closed(outcome=said[:200]),
        )
        return draw.choice(made)


def training_documents(folder: Path) -> Iterator[bytes]:
    """Streams as `compress` will see them, from everything that is not kept aside."""
    dialogues = [t for s in SPOKEN for t in texts(folder, s, kept_aside=False)]
    said = [turn for text in dialogues for turn in turns(text, "患者") if len(turn) > 3]
    advice = [turn for text in dialogues for turn in turns(text, "医生") if len(turn) > 3]
    build = Builder("training", GIVEN_TRAINED, asked(said))
    for source in CLINICAL:
        for text in texts(folder, source, kept_aside=False):
            parts, at = clauses(text), 0
            while at < len(parts):
                body, at = build.consult(parts, at, build.random.randint(60, 400))
                yield build.content(body)
    for text in said[::THINNED]:
        yield build.content(build.small(text[:600]))
    for text in advice[::THINNED]:
        yield build.content(build.answer(text))
    for source in ENGLISH:
        for text in list(texts(folder, source, kept_aside=False))[::THINNED]:
            yield build.content(build.small(text[:600]))


def asked(said: list[str]) -> list[str]:
    """The short questions among what patients say."""
    found = (re.split(r"[。；！，]", turn)[-1].strip() for turn in said)
    return [q for q in found if q.endswith("？") and 6 <= len(q) <= 30]


def kept_aside_consults(folder: Path, most: int = 120) -> Iterator[str]:
    """Typical consults as JSON lines, cut from what training never saw.

    Complaint, history and exam hold 135 to 175 characters together; every second question is one
    that a patient asked. Some records of one patient lie on both sides of the split: consults that
    share `COPIED_CHARACTERS` in a row with a trained text are left out.
    """
    trained = (t for s in CLINICAL for t in texts(folder, s, kept_aside=False))
    copied = {run for text in trained for run in runs(text)}
    dialogues = [t for s in SPOKEN for t in texts(folder, s, kept_aside=True)]
    said = [turn for text in dialogues for turn in turns(text, "患者")]
    build = Builder("kept aside", GIVEN, asked(said))
    pool = [(s, t) for s in CLINICAL for t in texts(folder, s, kept_aside=True) if len(t) >= 170]
    build.random.shuffle(pool)
    for source, text in pool:
        parts = clauses(text)
        body, _ = build.consult(parts, build.random.randint(0, len(parts) // 3), 150)
        said_twice = any(run in copied for run in runs(body.complaint + body.history + body.exam))
        if most and not said_twice and 135 <= len(body.complaint + body.history + body.exam) <= 175:
            most -= 1
            yield json.dumps(
                {
                    "source": source, "name": body.patient.name, "sex": int(body.patient.sex),
                    "born": body.patient.born, "dept": body.dept, "urgency": int(body.urgency),
                    "complaint": body.complaint, "history": body.history, "exam": body.exam,
                    "allergy": body.allergy, "question": body.question,
                    "vitals": build.vitals(7),
                },
                ensure_ascii=False,
            )  # fmt: skip
