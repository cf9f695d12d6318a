"""Chinese for the sentences of `station`, and for every word that stands for a code."""

WORDS: dict[str, str] = {
    # Kinds of records.
    "request": "协诊申请",
    "note": "补充",
    "attachment": "附件",
    "asks": "提问",
    "opened": "已打开",
    "taken": "已接诊",
    "given back": "已退回",
    "answer": "协诊意见",
    "acted on": "已执行",
    "closed": "已结案",
    "receipt": "回执",
    "escalated": "已升级",
    "alert": "危急值报警",
    "alert seen": "报警已确认",
    "dispensed": "已发药",
    "call": "通话",
    "station": "站点",
    "practitioner": "医生",
    "revoked": "已吊销",
    "departments": "科室",
    # How far a case has come.
    "saved here": "已存本机",
    "sent": "已发出",
    "received": "枢纽已收",
    "answered": "已答复",
    "answer here": "意见已到",
    # Kinds of stations.
    "post": "卫生室（院）",
    "desk": "专科诊台",
    "hub": "枢纽",
    # Urgency.
    "routine": "常规",
    "urgent": "加急",
    "stat": "特急",
    # Sexes, one letter each.
    "m": "男",
    "f": "女",
    "?": "未知",
    # What happens to the patient.
    "stay": "就地治疗",
    "refer": "转诊",
    # Attachments.
    "document": "文件",
    "voice note": "语音",
    "ECG": "心电图",
    "picture": "图片原图",
    "small picture": "缩略图",
    "picture for the screen": "屏幕图",
    "voice note, {seconds} s": "语音 {seconds} 秒",
    "photo {name}": "照片 {name}",
    # Fields.
    "patient": "患者",
    "sex": "性别",
    "date of birth": "出生日期",
    "national number": "身份证号",
    "phone": "电话",
    "place": "住址",
    "dept": "科室",
    "urgency": "紧急程度",
    "complaint": "主诉",
    "history": "病史",
    "exam": "查体",
    "allergy": "过敏史",
    "question": "问题",
    "vitals": "生命体征",
    "sent incomplete because": "缺项发出的原因",
    "disposition": "处置",
    # What is asked for on a terminal, and listed when missing.
    "the patient's name (--patient)": "患者姓名（--patient）",
    "the patient's sex, m or f (--sex)": "患者性别，m 男、f 女（--sex）",
    "when the patient was born, YYYY-MM-DD or YYYY (--born)": (
        "出生日期，YYYY-MM-DD 或 YYYY（--born）"
    ),
    "the department (--dept)": "科室（--dept）",
    "the chief complaint (--complaint)": "主诉（--complaint）",
    "the question to the specialist (--question)": "要问专科医生的问题（--question）",
    "the advice (--advice)": "意见（--advice）",
    "whether the patient stays or is referred (--disposition stay|refer)": (
        "就地治疗还是转诊（--disposition stay|refer）"
    ),
    "where the patient is referred to (--refer-to)": "转往何处（--refer-to）",
    # Attachments as files.
    "{file} has {size} MB; an attachment can have {limit}.": (
        "{file} 有 {size} MB，附件最大 {limit} MB。"
    ),
    "Make it smaller, or send it another way.": "请缩小文件，或用别的办法送。",
    "Case {case} has no attachment {prefix}.": "病例 {case} 没有附件 {prefix}。",
    "Several attachments start with {prefix}.": "有几个附件都以 {prefix} 开头。",
    "Give more characters.": "请多写几个字符。",
    # Who may do what.
    "What this refers to is not here yet ({missing}).": "所指的内容还没到本站（{missing}）。",
    "Fetch it first: xt sync": "请先收取：xt sync",
    "This is not allowed: {reason}": "不允许：{reason}",
    "There is no case {case} here.": "本站没有病例 {case}。",
    "See the cases: xt list": "查看病例：xt list",
    "This is not done at a {kind}.": "{kind}不能做这项操作。",
    # Forms.
    "The field {field} is not text.": "字段“{field}”不是文字。",
    "Write it as one piece of text.": "请写成一段文字。",
    "This document is not a list of fields.": "这份文档不是“字段: 内容”的列表。",
    "See: xt request --help, --file.": "请看：xt request --help 的 --file。",
    "This document has fields that xt does not know: {fields}.": (
        "这份文档含有 xt 不认识的字段：{fields}。"
    ),
    "Known fields: {known}.": "可用字段：{known}。",
    "Not given: {fields}.": "缺少：{fields}。",
    "Give all of them and send the request again.": "请全部补上后重新提交申请。",
    "Give all of them and send the answer again.": "请全部补上后重新提交意见。",
    "A field holds a semicolon.": "内容里有分号。",
    "still empty": "还没填",
    "text and vitals": "文字和生命体征",
    "There is no department {dept}.": "没有科室“{dept}”。",
    "this hub's departments are not known here yet: xt sync": (
        "本站还不知道枢纽有哪些科室：请运行 xt sync"
    ),
    "Departments of this hub: {known}.": "本枢纽的科室：{known}。",
    "{value} is improbable: measure again": "{value} 可疑，请复测",
    "only the year of birth is known: add the full date, the national number or a phone": (
        "只知道出生年份：请补充完整出生日期、身份证号或电话"
    ),
    "The expiry {value} has passed.": "有效期 {value} 已过。",
    "Give a later one.": "请写更晚的时间。",
    "The expiry {value} cannot be read.": "无法识别有效期 {value}。",
    "Write it as 24h, 3d or YYYY-MM-DD.": "请写成 24h、3d 或 YYYY-MM-DD。",
    "This draft is too long to be kept.": "草稿太长，无法保存。",
    "Shorten the text.": "请缩短文字。",
    # Streams of documents.
    "This document cannot be read: {why}.": "这份文档无法识别：{why}。",
    "Correct it; the others are not affected.": "请更正；其他文档不受影响。",
    "The file is too long to be a batch of requests.": "文件太长，不能作为一批申请。",
    "Split it into files of at most {limit} MB.": "请拆成每个不超过 {limit} MB 的文件。",
    # Enrolment.
    "The hub at {address} did not answer.": "枢纽 {address} 没有应答。",
    "The code may have been used or be too old; otherwise check the network and try again.": (
        "邀请码可能已用过或已过期；否则请检查网络后重试。"
    ),
    "This is not a hub's answer to a join request.": "这不是枢纽对入网申请的答复。",
    "Use the file that the hub wrote.": "请使用枢纽写出的文件。",
    "The hub's answer does not fit this station.": "枢纽的答复与本站不符。",
    "Ask for a new code and type xt join CODE again.": "请索取新邀请码，再输入 xt join 邀请码。",
    "{address} is not HOST:PORT.": "“{address}”不是 主机:端口。",
    "Write it like hub.example.cn:4400.": "例如：hub.example.cn:4400。",
    "The hub {host} cannot be found.": "找不到枢纽 {host}。",
    "Check the network, then type xt join again.": "请检查网络，再输入 xt join。",
    "This is not a whole invitation code.": "邀请码不完整或有误。",
    "Copy the line again, all of it, from xt1. to its last character.": (
        "请重新复制整行，从 xt1. 到最后一个字符。"
    ),
    "The hub's answer cannot be read.": "无法识别枢纽的答复。",
    "This code was made by a newer xt than this one.": "这个邀请码由更新版本的 xt 生成。",
    "Install the newest xt here, then type xt join CODE again.": (
        "请在本机安装最新版 xt，再输入 xt join 邀请码。"
    ),
    "A request to join does not check.": "入网申请校验不通过。",
    "Ask for a new code: xt hub invite": "请索取新邀请码：xt hub invite",
    "The hub that answered is not the one that gave this code.": "应答的枢纽不是发出邀请码的枢纽。",
    "Check the address with the people who run the hub, and ask for a new code.": (
        "请与枢纽管理员核对地址，并索取新邀请码。"
    ),
    # The station's home.
    "The settings of this station cannot be read.": "无法读取本站的设置。",
    "Restore station.json from a copy, or enrol this station again with a new code.": (
        "请从备份恢复 station.json，或用新邀请码重新入网。"
    ),
    "This computer is not a station yet.": "本机还不是站点。",
    "Ask your hub for a code and type: xt join CODE": (
        "请向枢纽索取邀请码，然后输入：xt join 邀请码"
    ),
    "The keys of this station cannot be read.": "无法读取本站的密钥。",
    "Restore the file `keys` in {root}, or enrol again with a new code.": (
        "请恢复 {root} 中的 keys 文件，或用新邀请码重新入网。"
    ),
    "Type the PIN on a terminal, or set XT_PIN.": "请在终端输入 PIN 码，或设置 XT_PIN。",
    # The link.
    "A piece of an attachment that arrived does not check.": "收到的一段附件校验不通过。",
    "It was set aside; the sender will send it again.": "已另存，发送方会重发。",
    "This is the hub: it has nobody to sync with.": "本机就是枢纽，无需同步。",
    "Run it with: xt hub serve": "请运行：xt hub serve",
    "Another xt of this station is connected already.": "本站的另一个 xt 已经连着。",
    "Use that one, or stop it.": "请用那一个，或先停掉它。",
    "{case} new request, {dept}: {patient}, {complaint}": (
        "{case} 新协诊申请，{dept}：{patient}，{complaint}"
    ),
    "{case} ALERT: {what}": "{case} 危急值：{what}",
    "{case} question by {who}: {text}": "{case} {who}提问：{text}",
    # Specialist.
    "Case {case} is taken by {who}.": "病例 {case} 已由 {who} 接诊。",
    "Ask them to give it back: xt release {case}": "请对方先退回：xt release {case}",
    "You have not taken case {case}.": "您没有接诊病例 {case}。",
    "See: xt queue": "请看：xt queue",
    "Case {case} has an answer already.": "病例 {case} 已有协诊意见。",
    "Change it with: xt amend {case}": "如需修改：xt amend {case}",
    "Case {case} has no answer to change.": "病例 {case} 还没有可修改的意见。",
    "Answer it first: xt answer {case}": "请先答复：xt answer {case}",
    "Why does the answer change?": "没有写修改意见的原因。",
    "Write it: --reason TEXT": "请写：--reason 原因",
    "You have not opened case {case}.": "您还没有打开病例 {case}。",
    "Read it first: xt open {case}": "请先阅读：xt open {case}",
    "Case {case} has no alert.": "病例 {case} 没有报警。",
    "See: xt show {case}": "请看：xt show {case}",
    "something new arrived after you opened the case: xt open": (
        "打开病例之后又有新内容，请再看：xt open"
    ),
    # Village.
    "There is nothing to add.": "没有要补充的内容。",
    "Give a text, --vital or --voice.": "请写文字、--vital 或 --voice。",
    "There is no answer to case {case} yet.": "病例 {case} 还没有协诊意见。",
    "Fetch what is new: xt sync": "请收取新内容：xt sync",
    "Wait for it, or ask again.": "请等待，或再次询问。",
    "Why was it not done?": "没有写未执行的原因。",
    "Write it: --not-done TEXT": "请写：--not-done 原因",
    "Nothing says what became of case {case}.": "病例 {case} 的结果还没有记录。",
    "Say first what was done (xt ack), or how it ended: xt close {case} --outcome TEXT": (
        "请先记录执行情况（xt ack），或写明结果：xt close {case} --outcome 结果"
    ),
    "Case {case} has no prescription line {rx}.": "病例 {case} 没有第 {rx} 条处方。",
    "Line {rx} of case {case} was dispensed or withdrawn already.": (
        "病例 {case} 的第 {rx} 条处方已发药或已撤销。"
    ),
    "Nothing was recorded. If the patient needs more, ask for a new prescription.": (
        "未作记录。如患者还需用药，请申请新处方。"
    ),
    "new findings came after this answer: ask again before acting on it": (
        "答复之后又有新情况：执行前请再次询问"
    ),
    "this advice has expired: ask again before acting on it": "意见已过有效期：执行前请再次询问",
    "{text} is not a part of a picture.": "“{text}”不是图片上的区域。",
    "Write left,top,width,height in thousandths, such as 250,250,500,500.": (
        "请写 左,上,宽,高，单位千分之一，例如 250,250,500,500。"
    ),
    # Pages for the desk.
    "done?": "已执行？",
    "ALERT": "危急值",
    "{minutes} min": "{minutes} 分钟",
    "done": "已执行",
    "could not be done": "未能执行",
    # Other roads: folder, serial, short messages, https, relays.
    "{text} is not a time to wait.": "“{text}”不是等待时间。",
    "Write it as 30m, 2h or 1d.": "请写成 30m、2h 或 1d。",
    "No transfer {tag} waits here.": "没有待发的传输 {tag}。",
    "See them: xt transfers": "查看：xt transfers",
    "Several transfers start with {tag}.": "有几个传输都以 {tag} 开头。",
    "Transfer {tag} has arrived already; only its receipt is missing.": (
        "传输 {tag} 已送达，只差回执。"
    ),
    "There is nothing to do.": "无需操作。",
    "A test sends 1 to {most} bytes.": "测试数据为 1 到 {most} 字节。",
    "Choose another size.": "请换一个大小。",
    "See what it measured: xt status": "查看它的测量结果：xt status",
    "This code makes a relay.": "这是中继站的邀请码。",
    "Say where it listens: xt join CODE --listen HOST:PORT": (
        "请写监听地址：xt join 邀请码 --listen 主机:端口"
    ),
    "This station's invitation names no HTTPS address.": "本站的邀请码没有 HTTPS 地址。",
    "Ask the hub's people for a code made with --https.": "请向枢纽索取带 --https 的邀请码。",
    "A short message came from a stranger.": "有一条短报文来自未登记的站点。",
    "It was ignored.": "已忽略。",
    "No command was given.": "没有写命令。",
    "Write it like sms:beidou-modem.": "例如：sms:beidou-modem。",
    "The command {command} cannot be run: {why}.": "无法运行命令 {command}：{why}。",
    "Check its name and that it is executable.": "请检查名称，并确认它可执行。",
    "The command {command} did not say how long its messages are.": (
        "命令 {command} 没有说明报文长度。"
    ),
    "The command {command} ended.": "命令 {command} 已退出。",
    "See what it said; what waits is kept.": "请看它的输出；待发内容都已保存。",
    "The command said something that is not understood.": "命令输出了无法识别的内容。",
    "There is no road {road}.": "没有 {road} 这种通道。",
    "Write udp, https, serial:DEVICE[@BAUD], folder:PATH or sms:COMMAND.": (
        "请写 udp、https、serial:设备[@波特率]、folder:路径 或 sms:命令。"
    ),
    "the line {device}": "串口 {device}",
    "the folder {folder}": "文件夹 {folder}",
    "short messages": "短报文",
    "The list of roads in {file} cannot be read.": "通道列表 {file} 无法读取。",
    "Mend it, or delete it: then the roads are those of the invitation.": (
        "请修正或删除该文件；删除后使用邀请码中的通道。"
    ),
    "This name of a road is too long.": "通道名称过长。",
    "Give the folder a shorter name.": "请缩短文件夹名称。",
    "A station has at most {count} roads.": "每个站点最多 {count} 条通道。",
    "Take one away: xt link remove ROAD": "请先删除一条：xt link remove 通道",
    "{road} is no road of this station.": "本站没有通道 {road}。",
    "See them: xt link list": "查看：xt link list",
    "A station needs one of udp, https and serial.": (
        "站点至少需要 udp、https、serial 中的一条通道。"
    ),
    "Add another one: xt link add ROAD": "请先添加一条：xt link add 通道",
    "{road} carries no link.": "{road} 不能承载链路。",
    "Such roads do: udp, https, serial:DEVICE.": "可用的有：udp、https、serial:设备。",
    "The link goes over {road} now.": "现在经 {road} 连接。",
    "No road answers: text goes by short messages now.": "各通道均无应答，文字改用短报文发送。",
    "{road}: {put} bundles written, {taken} taken, {refused} refused.": (
        "{road}：写入 {put} 个数据包，取走 {taken} 个，拒收 {refused} 个。"
    ),
    "A bundle to be passed on does not check.": "待转交的数据包校验不通过。",
    "It was dropped; its sender keeps it.": "已丢弃；发送方仍有保存。",
    "It was not sealed for this station, or is damaged.": "不是发给本站的，或已损坏。",
    "It does not prove that the station it names wrote it.": "无法证明出自其所称的站点。",
    # Sound, pictures on demand, calls.
    "Recording. Enter ends it, Ctrl-C throws it away.": "正在录音。回车结束，Ctrl-C 放弃。",
    "{n} s left": "还剩 {n} 秒",
    "A part of a picture is not its original.": "图片的局部不是原图。",
    "Ask for one of the two.": "请二选一。",
    "Please send more of this picture.": "请补发该图片的细节。",
    "Attachment {blob} is not a picture.": "附件 {blob} 不是图片。",
    "See them: xt show {case}": "查看附件：xt show {case}",
    "Case {case} has {count} pictures.": "病例 {case} 有 {count} 张图片。",
    "Say which: --blob NUMBER": "请指明哪一张：--blob 编号",
    "Something that came with a call does not check.": "通话中收到的内容校验不通过。",
    "It was dropped; call again.": "已丢弃；请重新呼叫。",
    "Picture of the call of {time}": "{time} 通话中的图片",
    "A hub passes calls on and makes none.": "枢纽只转接通话，不发起通话。",
    "Call from a post or a desk.": "请在卫生室或专科诊台呼叫。",
    "The post of case {case} is not known here.": "本站尚不认识病例 {case} 的卫生室。",
    "{case} call from {who}. Take it: xt call {case} --accept": (
        "{case} {who} 来电。接听：xt call {case} --accept"
    ),
    "{case} {who} asks to be called: xt call {case}": "{case} {who} 请求回电：xt call {case}",
    "{case} missed call from {who}": "{case} 未接来电：{who}",
    "This station is in a call already.": "本站正在通话。",
    "End that one first.": "请先结束那个通话。",
    "Another xt of this station is using the link.": "本站的另一个 xt 正在占用链路。",
    "Try again in a moment.": "请稍后再试。",
    "Call of {time}: what was not heard live": "{time} 通话中对方未听到的话",
    "Recording of the call of {time}": "{time} 通话录音",
    "The file {file} cannot be written.": "文件 {file} 无法写入。",
    "Choose another name or folder.": "请换一个文件名或文件夹。",
    "No specialist is on this case yet: asking the department.": (
        "此病例尚无专科医生接诊：正在呼叫科室。"
    ),
    "Calling {who} ...": "正在呼叫 {who} ……",
    "Nobody of the department could be reached.": "科室无人应答。",
    "Send a voice note: xt note {case} --voice rec": "可改发语音：xt note {case} --voice rec",
    "No call about case {case} is waiting.": "没有关于病例 {case} 的来电。",
    "Call yourself: xt call {case}": "可主动呼叫：xt call {case}",
    "{who} allows the call to be kept in the case. Keep it?": (
        "{who} 同意把通话录音存入病例。是否录音？"
    ),
    "{who} cannot be reached now.": "现在联系不上 {who}。",
    # A browser as the telephone.
    "The browser has left the call.": "浏览器已离开通话。",
    "Browsers cannot open the address {address}.": "浏览器无法打开地址 {address}。",
    "Give the address at which they reach this computer.": "请写浏览器访问本机所用的地址。",
    "{url} is not the address of a page.": "{url} 不是网址。",
    "Write it like https://hub.example.cn/call/.": "写法如 https://hub.example.cn/call/。",
    "No browser has joined.": "没有浏览器加入。",
    "Call again and open the page: xt call {case}": "请重新呼叫并打开网页：xt call {case}",
    "The browser has joined.": "浏览器已加入。",
    "Case {case} is about another patient: {name}, {second}.": (
        "病例 {case} 是另一位患者：{name}，{second}。"
    ),
    "A follow-up is about the same patient. Check the number, or file a new request.": (
        "复诊申请必须是同一位患者。请核对病例号，或另提新申请。"
    ),
}
