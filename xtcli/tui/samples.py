"""The cases of `xt tui --demo`: invented patients, invented findings, ordinary work.

Plain values only. Nobody here exists; the names were drawn from common characters.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.records.values import Sex, Urgency

M, F = Sex.MALE, Sex.FEMALE
ROUTINE, URGENT, STAT = Urgency.ROUTINE, Urgency.URGENT, Urgency.STAT


@dataclass(frozen=True, slots=True)
class Sample:
    """One invented request. `ago` is minutes before now; vitals as typed in a form."""

    ago: int
    name: str
    sex: Sex
    born: int
    place: str
    dept: str
    urgency: Urgency
    complaint: str
    history: str
    exam: str
    allergy: str
    question: str
    vitals: tuple[str, ...]
    phone: str = "13800000000"


SAMPLES = (
    Sample(3, "王小明", M, 19580312, "白音查干嘎查", "心内科", STAT, "胸痛2小时，伴大汗",
           "高血压病史10年，平时服用氨氯地平。2小时前劳动后突发胸骨后压榨样疼痛，向左肩放射。",
           "神志清，面色苍白，双肺呼吸音清，心律齐，未闻及杂音。", "无",
           "是否心梗？能否就地溶栓？需要转诊吗？",
           ("bp=92/58", "pulse=112", "temp=36.4", "spo2=93", "rr=24", "o2=0", "acvpu=A")),
    Sample(6, "其其格", F, 19910723, "巴彦淖尔苏木", "妇产科", URGENT, "孕34周，头晕、视物模糊半天",
           "孕期产检3次，近一周双下肢水肿。", "双下肢凹陷性水肿，腹软，胎心可闻及。", "青霉素",
           "血压高，需要马上转院吗？路上怎么处理？",
           ("bp=168/112", "pulse=96", "temp=36.8", "spo2=97", "rr=18", "fhr=146")),
    Sample(14, "李秀兰", F, 19490105, "查干诺尔村", "神经内科",
           URGENT, "右侧肢体无力、说话不清1小时",
           "房颤病史3年，未规律服药。", "右上肢肌力3级，右下肢肌力4级，口角左歪。", "不详",
           "是否脑梗死？需要多快转走？",
           ("bp=178/96", "pulse=88", "temp=36.6", "spo2=96", "rr=18", "o2=0", "acvpu=A",
           "glucose=7.2")),
    Sample(9, "苏日娜", F, 20230418, "额尔登布拉格", "儿科", URGENT, "发热3天，咳嗽、气促1天",
           "3天前受凉后发热，最高39.4度，今起呼吸急促，吃奶减少。",
           "三凹征阳性，双肺可闻及湿啰音。", "无",
           "肺炎需要住院吗？抗生素怎么用？",
           ("temp=39.1", "rr=54", "pulse=158", "spo2=92", "weight=11.5")),
    Sample(25, "张建国", M, 19670930, "新民村", "心内科", ROUTINE, "血压控制不好2周",
           "高血压5年，服用氨氯地平5mg每日1次，近2周血压150-160/95左右。", "无水肿，心律齐。", "无",
           "需要加药还是换药？",
           ("bp=156/96", "pulse=76", "temp=36.5", "spo2=98", "rr=16", "o2=0", "acvpu=A")),
    Sample(48, "赵玉芬", F, 19720611, "胜利村", "内分泌科", ROUTINE, "口渴多尿1月，空腹血糖高",
           "体重下降5公斤。母亲有糖尿病。", "一般情况可。", "磺胺", "首选什么药？需要查什么？",
           ("bp=132/84", "pulse=82", "temp=36.7", "fbg=11.3", "weight=61")),
    Sample(90, "巴特尔", M, 19850217, "达茂旗希拉穆仁", "骨科", ROUTINE, "骑马摔伤，左腕肿痛半天",
           "半天前骑马跌落，左手撑地。", "左腕肿胀，餐叉样畸形，末梢血运好。", "无",
           "手法复位后夹板固定可以吗？",
           ("bp=128/78", "pulse=84", "temp=36.6", "spo2=98", "rr=16")),
    Sample(180, "刘德福", M, 19550820, "东风村", "呼吸科", ROUTINE, "慢性咳嗽咳痰加重5天",
           "慢阻肺10年，吸烟40年。", "桶状胸，双肺散在干啰音。", "无", "需要用激素吗？",
           ("bp=138/82", "pulse=92", "temp=37.6", "spo2=91", "rr=22", "o2=0", "acvpu=A")),
)  # fmt: skip

EARLIER = (
    Sample(60 * 24 * 90, "王小明", M, 19580312, "白音查干嘎查", "心内科", ROUTINE, "高血压复诊",
           "规律服药。", "心律齐。", "无", "药量是否合适？", ("bp=146/90", "pulse=78", "temp=36.5",
           "spo2=97")),
    Sample(60 * 24 * 45, "王小明", M, 19580312, "白音查干嘎查", "心内科", ROUTINE, "头晕2天",
           "晨起头晕。", "无殊。", "无", "需要调药吗？", ("bp=158/98", "pulse=84", "temp=36.6",
           "spo2=96")),
    Sample(60 * 24 * 12, "王小明", M, 19580312, "白音查干嘎查", "心内科", ROUTINE, "高血压复诊",
           "加药后好转。", "无水肿。", "无", "下次何时复查？", ("bp=138/86", "pulse=76",
           "temp=36.4", "spo2=97")),
)  # fmt: skip
