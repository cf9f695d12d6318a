"""Chinese for the sentences of `clinic`."""

WORDS: dict[str, str] = {
    # Ages and birth dates.
    "{years} y": "{years}岁",
    "{days} days": "{days}天",
    "{months} months": "{months}个月",
    "The birth date {born} does not exist.": "出生日期 {born} 不存在。",
    "Write it as YYYY, YYYY-MM or YYYY-MM-DD.": "请写成 YYYY、YYYY-MM 或 YYYY-MM-DD。",
    "The birth date {born} cannot be read.": "无法识别出生日期 {born}。",
    "The birth date {born} lies in the future.": "出生日期 {born} 晚于今天。",
    "Check the year.": "请核对年份。",
    # Completeness.
    "Only an urgent or stat request may go out incomplete.": "只有加急或特急申请可以缺项发出。",
    "Complete the request, or make it urgent if it is.": "请补全申请；如确属急症，请改为加急。",
    "The request is not complete: {gaps}": "申请不完整：{gaps}",
    "Add what is missing; in an emergency say urgent or stat, and why it is missing.": (
        "请补全缺项；情况紧急时请标为加急或特急，并说明缺项原因。"
    ),
    "the complaint is missing": "缺主诉",
    "allergies are missing (write none if there are none)": "缺过敏史（没有请写“无”）",
    "the question to the specialist is missing": "缺要问专科医生的问题",
    "no history": "未写病史",
    "no examination findings": "未写查体",
    ", ": "、",
    "; ": "；",
    "vital signs still missing: {names}": "还缺生命体征：{names}",
    "no vital signs": "没有生命体征",
    "{name} {value} is improbable: measure again": "{name} {value} 可疑，请复测",
    # Critical values.
    "The critical rule {id} is not usable.": "危急值规则 {id} 无法使用。",
    "Give it an id, a known code, and <= or >= as its side.": (
        "请给出规则编号、已知项目代码，方向写 <= 或 >=。"
    ),
    "{name} {value} (critical: {side} {limit})": "{name} {value}（危急值：{side} {limit}）",
    "The site's critical values have no version or no list of rules.": (
        "本站点的危急值表缺少版本或规则列表。"
    ),
    "Give version: a name, and rules: a list.": "请写 version（版本名）和 rules（规则列表）。",
    "{name}: 3 points in NEWS2 alone": "{name}：NEWS2 单项 3 分",
    "NEWS2 is {value}": "NEWS2 评分 {value}",
    "NEWS2 parts already reach {value}": "NEWS2 已测项目合计已达 {value} 分",
    # Identity.
    "The sex {sex} is not understood.": "无法识别性别 {sex}。",
    "Write m or f.": "请写 m（男）或 f（女）。",
    "The national number {masked} belongs to somebody of the other sex.": (
        "身份证号 {masked} 的性别与所填不符。"
    ),
    "Check the number and the sex.": "请核对身份证号和性别。",
    "The national number says born {inside}, but {born} was given.": (
        "身份证号中的出生日期是 {inside}，所填为 {born}。"
    ),
    "Check the number and the birth date.": "请核对身份证号和出生日期。",
    "The name alone does not identify {name}.": "仅凭姓名不能确认患者 {name} 的身份。",
    "Add the full birth date, the national number or a phone number.": (
        "请补充完整出生日期、身份证号或电话。"
    ),
    "The national number has {count} characters or wrong signs.": (
        "身份证号共 {count} 位，或含有错误字符。"
    ),
    "It has 18: seventeen digits and a digit or X. Leave it out if it is not at hand.": (
        "应为 18 位：前 17 位为数字，末位为数字或 X。手边没有可以不填。"
    ),
    "The national number {masked} has a wrong digit: its check does not fit.": (
        "身份证号 {masked} 校验不通过，有数字写错。"
    ),
    "Compare it with the card, digit by digit.": "请对照身份证逐位核对。",
    "The national number {masked} names no known region.": "身份证号 {masked} 的地区码不存在。",
    "Compare its first two digits with the card.": "请对照身份证核对前两位。",
    "Compare the national number with the card.": "请对照身份证核对号码。",
    "The patient's name is missing or longer than {limit} characters.": (
        "缺患者姓名，或姓名超过 {limit} 个字。"
    ),
    "Write the name as on the card.": "请按证件填写姓名。",
    "same national number, another name": "身份证号相同，姓名不同",
    "same national number, another birth date": "身份证号相同，出生日期不同",
    "same name, almost the same birth date": "姓名相同，出生日期相近",
    "same name and birth date, other sex": "姓名和出生日期相同，性别不同",
    "same birth date, name differs in one character": "出生日期相同，姓名差一个字",
    "same birth date, name sounds the same": "出生日期相同，姓名同音",
    # NEWS2.
    "NEWS2 {total}, {band} risk": "NEWS2 {total} 分，{band}风险",
    "no NEWS2: {missing} missing; at least {sum} from the rest": (
        "无法评 NEWS2：缺{missing}；其余项目合计至少 {sum} 分"
    ),
    "no NEWS2: no vital signs": "无法评 NEWS2：没有生命体征",
    "no NEWS2: age unknown": "无法评 NEWS2：年龄不详",
    "no NEWS2: under 16 years": "不评 NEWS2：未满 16 岁",
    "no NEWS2: not for pregnancy": "不评 NEWS2：妊娠期不适用",
    "low": "低",
    "low-medium": "低至中",
    "medium": "中",
    "high": "高",
    # Prescriptions.
    "The frequency {frequency} is not understood.": "无法识别用药频次 {frequency}。",
    "Known ones: {known}.": "可用：{known}。",
    "{drug} {dose}, {route}, {frequency}, {days} days": (
        "{drug} {dose}，{route}，{frequency}，{days} 天"
    ),
    "A prescription line has five parts, here are {count}.": "处方应有五项，这里有 {count} 项。",
    "Write it like: amoxicillin; 0.5 g; po; tid; 7": "例如：阿莫西林；0.5g；口服；每日3次；7天",
    "The number of days {days} cannot be read.": "无法识别天数 {days}。",
    "Write a whole number, like 7.": "请写整数，例如 7。",
    "A prescription cannot be for {days} days.": "处方不能开 {days} 天。",
    "Write from 1 to {limit} days.": "请写 1 到 {limit} 天。",
    "drug": "药品",
    "dose": "剂量",
    "route": "途径",
    "frequency": "频次",
    "{drug}: the dose {dose} has no number": "{drug}：剂量“{dose}”没有数字",
    "{drug}: unusual route {route}": "{drug}：给药途径“{route}”不常用",
    "{drug}: {days} days is longer than the 12 weeks of a long-term prescription": (
        "{drug}：{days} 天超过长期处方上限 12 周"
    ),
    "{drug}: {days} days is longer than the usual {usual}": (
        "{drug}：{days} 天超过常规的 {usual} 天"
    ),
    "The prescription line has no {part}.": "处方缺{part}。",
    "The {part} is too long.": "{part}太长。",
    "Use at most {limit} characters.": "最多 {limit} 个字符。",
    # Vital signs.
    "There is no vital sign {code}.": "没有 {code} 这一项生命体征。",
    "{name} {value} is impossible.": "{name} {value} 不可能。",
    "It must be from {low} to {high} {unit}.": "应在 {low} 到 {high} {unit} 之间。",
    "yes": "是",
    "no": "否",
    "Consciousness {value} cannot be read.": "无法识别意识状态 {value}。",
    "Write A (alert), C (new confusion), V (responds to voice), P (to pain) or U (to nothing).": (
        "请写 A（清醒）、C（新发意识模糊）、V（对声音有反应）、P（对疼痛有反应）或 U（无反应）。"
    ),
    "A vital sign of {count} characters cannot be read.": "生命体征有 {count} 个字符，无法识别。",
    "Write it like bp=120/80.": "例如：血压=120/80。",
    "Too many vital signs.": "生命体征太多。",
    "Give at most {limit}.": "最多 {limit} 项。",
    "The blood pressure {value} cannot be read.": "无法识别血压 {value}。",
    "Blood pressure {high}/{low}: the first number must be larger than the second.": (
        "血压 {high}/{low}：前面的收缩压应大于后面的舒张压。"
    ),
    "Oxygen {value} cannot be read.": "无法识别吸氧 {value}。",
    "Write o2=yes, o2=no or o2=2L/min.": "请写 吸氧=是、吸氧=否 或 吸氧=2L/min。",
    "{name}: {value} is not a number.": "{name}：{value} 不是数字。",
    "Write it like {example}.": "例如：{example}。",
    "{name} {value} has too many decimals.": "{name} {value} 小数位太多。",
    "Give at most {decimals}.": "最多 {decimals} 位。",
    "{name} is given twice.": "{name}写了两次。",
    "Give each vital sign once.": "每项生命体征只写一次。",
    "{name} is not given in {unit}.": "{name}不用单位 {unit}。",
    "Units understood: {units}.": "可用单位：{units}。",
}
