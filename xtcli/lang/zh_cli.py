"""Chinese for the sentences of `cli`."""

WORDS: dict[str, str] = {
    # The command itself.
    "Consults with county specialists over links that are slow, lossy or carried by hand.": (
        "网络慢、丢包，甚至只能靠 U 盘传送时，也能向上级专科医生申请协诊。"
    ),
    "Look at this station's log, and check it.": "查看并校验本站日志。",
    "Run a hub, invite and revoke stations.": "运行枢纽，邀请和吊销站点。",
    "Show the version and leave.": "显示版本后退出。",
    "Show this help and leave.": "显示本帮助后退出。",
    "Exit codes:": "退出码：",
    "done": "完成",
    "anything else failed": "其他失败",
    "stopped by Ctrl-C": "被 Ctrl-C 停止",
    "wrong words or values": "命令或内容有误",
    "not found": "未找到",
    "not allowed": "不允许",
    "no station here, or its keys are locked": "本机还不是站点，或密钥已加锁",
    "log damaged": "日志损坏",
    "refused as false or foreign": "来源不明或校验不通过，已拒收",
    "no link": "连不上枢纽",
    "saved here, still waiting": "已存本机，仍在等待",
    "done in part": "部分完成",
    "no device": "没有设备",
    "disk full": "磁盘已满",
    "Example:": "示例：",
    "Village": "村医·乡镇",
    "Specialist": "专科医生",
    "This station": "本站",
    "Hub and log": "枢纽与日志",
    "Options": "选项",
    "Arguments": "参数",
    "Commands": "命令",
    "Usage: ": "用法：",
    "{why}": "{why}",
    "See: {command} --help": "请看：{command} --help",
    "There is no option {name}.": "没有选项 {name}。",
    "There is no command {name}.": "没有命令 {name}。",
    "{name} is missing.": "缺少 {name}。",
    "{name} needs a value.": "{name} 后面缺少内容。",
    "The value of {name} cannot be used.": "{name} 的内容不可用。",
    "There are words too many: {words}.": "多出的内容：{words}。",
    # Common options.
    "{file} may not be read or written by you.": "您无权读写 {file}。",
    "The system refused: {why} ({file}).": "系统拒绝：{why}（{file}）。",
    "Print one JSON document.": "输出一份 JSON。",
    "Print one JSON document a line.": "每行输出一份 JSON。",
    "The case, such as 12-34.": "病例号，如 12-34。",
    "Do not ask; the patient is right.": "不再询问，患者已核对无误。",
    "A file to attach; may be given again.": "要附加的文件，可重复。",
    "A voice note: an audio file, or rec to record.": "语音：音频文件，或写 rec 现场录音。",
    "Patient: {name}, {second}": "患者：{name}，{second}",
    "Nothing was signed.": "未签发任何内容。",
    "Look at the case first: xt show CASE": "请先查看病例：xt show 病例号",
    "Is this the patient?": "是这位患者吗？",
    # Request.
    "File a request for a consult.": "提交协诊申请。",
    "The patient's name.": "患者姓名。",
    "The patient's sex.": "患者性别：m 男，f 女。",
    "Date of birth.": "出生日期。",
    "National ID number.": "身份证号。",
    "A phone number of the patient.": "患者电话。",
    "Where the patient lives.": "患者住址。",
    "The department asked.": "申请协诊的科室。",
    "How soon an answer is needed.": "紧急程度：routine 常规，urgent 加急，stat 特急。",
    "Chief complaint.": "主诉。",
    "History of the present illness.": "现病史。",
    "What the examination found.": "查体所见。",
    "Allergies; write none if none.": "过敏史，没有请写“无”。",
    "What you ask the specialist.": "要问专科医生的问题。",
    "Emergency only: why the request is incomplete.": "仅限急症：缺项的原因。",
    "A vital sign; may be given again.": "一项生命体征，可重复。",
    "YAML or JSON, one or many.": "YAML 或 JSON 文件，一份或多份申请。",
    "Send now, wait for the receipt.": "立即发送，等枢纽回执，最多等若干秒。",
    "{case} saved: {name}, {second}": "{case} 已存本机：{name}，{second}",
    "{case} was saved before: {name}, {second}": "{case} 此前已存：{name}，{second}",
    "Maybe the same patient as in {case}: {why}": "可能与 {case} 是同一患者：{why}",
    "{case} received by the hub after {seconds} s ({sent} sent, {back} back)": (
        "{case} 枢纽已收，用时 {seconds} 秒（发 {sent}，收 {back}）"
    ),
    "{case} received by the hub after {seconds} s": "{case} 枢纽已收，用时 {seconds} 秒",
    "{case} is saved and waits to be sent; the hub has not confirmed it yet.": (
        "{case} 已存本机，等待发送；枢纽尚未确认。"
    ),
    "Line {line}: {error} {hint}": "第 {line} 行：{error}{hint}",
    "There is no request in {file}.": "{file} 中没有申请。",
    "The file {file} is not UTF-8 text.": "文件 {file} 不是 UTF-8 文本。",
    "Save it as UTF-8 and try again.": "请另存为 UTF-8 后重试。",
    # The village's other commands.
    "Add text or new vital signs to a case.": "补充文字或新的生命体征。",
    "What to add.": "要补充的内容。",
    "Attach a file: voice, picture, ECG or document.": "附加文件：语音、图片、心电图或文档。",
    "The file.": "文件。",
    "What it shows.": "内容说明。",
    "Ask the other side a question about a case.": "就病例向对方提问。",
    "The question.": "问题。",
    "The attachment asked about.": "所问的附件。",
    "Part of a picture, in thousandths.": "图片上的区域，单位千分之一。",
    "Say what was done about the answer, or why not.": "记录意见的执行情况，或未执行的原因。",
    "What was done.": "做了什么。",
    "Why it was not done.": "未执行的原因。",
    "Close a case.": "结案。",
    "How it ended.": "转归。",
    "Record that a prescription line was dispensed.": "记录某条处方已发药。",
    "The prescription line's number.": "第几条处方。",
    "A remark.": "备注。",
    "{case}: saved as {record}": "{case}：已存本机，记录 {record}",
    # The specialist's commands.
    "Who waits for an answer, most urgent first.": "等待答复的病例，最急的在前。",
    "Open a case: shows it, and the post sees that you have it.": (
        "打开病例：显示内容，申请方会看到您已打开。"
    ),
    "Take a case, so that others see you are on it.": "接诊，让同事知道您在处理。",
    "Give a case back to the queue.": "把病例退回队列。",
    "Answer a case: advice, diagnosis, prescription, stay or refer.": (
        "答复：意见、诊断、处方、就地治疗或转诊。"
    ),
    "Replace your answer by a new version; the post is told.": "修改意见，生成新版本并通知申请方。",
    "Acknowledge a critical alert in your name.": "以本人名义确认危急值报警。",
    "What to do.": "处理意见。",
    "A diagnosis; may be given again.": "诊断，可重复。",
    "A prescription line; may be given again.": "一条处方，可重复。",
    "Does the patient stay or go up?": "患者就地治疗（stay）还是转诊（refer）。",
    "Where the patient is referred to.": "转往何处。",
    "When this advice is no longer valid.": "意见的有效期。",
    "Only this department.": "只看这个科室。",
    "Why you give it back.": "退回的原因。",
    "Why the answer changes.": "修改意见的原因。",
    # Looking.
    "Your cases, the newest first.": "您的病例，最新的在前。",
    "Everything about one case.": "一个病例的全部内容。",
    "Write an attachment of a case to a file.": "把病例的附件存成文件。",
    "{file}: {size}": "{file}：{size}",
    "Closed cases too.": "包括已结案的。",
    "Part of a name or complaint.": "姓名或主诉中的字。",
    "At most so many.": "最多显示多少个。",
    "The first characters of its number.": "附件编号的前几位。",
    "Where to write it.": "存到哪里。",
    "case": "病例",
    "state": "状态",
    "time": "时间",
    "what": "内容",
    "who": "医生",
    "waits": "已等",
    "taken by": "接诊",
    "name": "名称",
    "kind": "类型",
    "No.": "编号",
    "to send": "待发",
    "valid": "有效",
    "Nobody waits.": "没有等待答复的病例。",
    "No cases yet.": "还没有病例。",
    "(recheck)": "（需复核）",
    "RECHECK: new findings came after the answer; ask again before acting.": (
        "需复核：答复之后又有新情况，执行前请再次询问。"
    ),
    "EXPIRED: this advice is no longer valid; ask again.": "已过期：意见已失效，请再次询问。",
    "ALERT: {what}; nobody has acknowledged it yet.": "危急值：{what}；尚无人确认。",
    "Answer {number} by {who}, {when}": "协诊意见（第 {number} 版）{who}，{when}",
    "(replaced by a newer version)": "（已被新版本取代）",
    "diagnosis": "诊断",
    "valid until": "有效期至",
    "changed because": "修改原因",
    "withdrawn": "已撤销",
    "dispensed": "已发药",
    "not yet dispensed": "未发药",
    "{n} days": "{n} 天",
    "here": "已到本站",
    "on its way": "传输中",
    "not fetched": "未取",
    "outcome": "转归",
    "(improbable)": "（可疑）",
    # This station.
    "Hub {hub}: no contact yet": "枢纽 {hub}：尚未联系上",
    "Hub {hub}: last contact {ago} ago": "枢纽 {hub}：{ago}前联系过",
    "{rate} kbit/s, round trip {rtt}, loss {loss} %": "{rate} kbit/s，往返 {rtt}，丢包 {loss}%",
    "Waiting: {records} records, {blobs} attachments, {bytes}": (
        "待发：记录 {records} 条，附件 {blobs} 个，共 {bytes}"
    ),
    "about {time} to send": "约需 {time}",
    ", about {time} to send": "，约需 {time}",
    "Nothing waits to be sent.": "没有待发内容。",
    "Open cases: {count}": "未结案病例：{count}",
    "Refused by the hub: {record}": "枢纽拒收：{record}",
    "This home is an older copy of its station: what is written here cannot be taken. "
    "Get a new invitation, join with it in a new home, and file these again there.": (
        "本机数据是该站点的旧副本，在此所写无法被接收。请索取新邀请，在新的目录加入后重新提交。"
    ),
    "The hub refuses {count} records for good; they are kept here. See: xt status": (
        "枢纽拒收 {count} 条记录（不会再收），记录仍存本机。查看：xt status"
    ),
    "{case} is saved here, but the hub will not take it. See: xt status": (
        "{case} 已存本机，但枢纽不予接收。查看：xt status"
    ),
    "Set aside: {refused} refused, {held} waiting for what they need": (
        "另存：拒收 {refused} 条，待补齐 {held} 条"
    ),
    "{n} s": "{n} 秒",
    "{m} min {s} s": "{m} 分 {s} 秒",
    "{h} h {m} min": "{h} 小时 {m} 分",
    "{d} days": "{d} 天",
    "Make this computer a station, with a code from the hub.": "用枢纽的邀请码把本机设为站点。",
    "The code from your hub.": "枢纽给的邀请码。",
    "Seconds to try.": "最多尝试多少秒。",
    "No link: write the request to this file.": "没有网络：把入网申请写入此文件。",
    "No link: read the hub's answer from this file.": "没有网络：从此文件读取枢纽的答复。",
    "Carry {file} to the hub and type there: xt hub admit {file}": (
        "请把 {file} 带到枢纽，在枢纽输入：xt hub admit {file}"
    ),
    "This computer is now the {kind} {name} (station {number}).": (
        "本机现在是{kind}“{name}”（站点 {number}）。"
    ),
    "This station: what waits, how the link is, last contact.": (
        "本站：待发内容、网络状况、最近联系。"
    ),
    "Lock this station's keys with a PIN, or take it away.": "用 PIN 码锁定本站密钥，或取消。",
    "New PIN": "新 PIN 码",
    "No PIN was given, or not twice the same.": "没有输入 PIN 码，或两次不一致。",
    "The same again": "再输一遍",
    "PIN": "PIN 码",
    ": ": "：",
    "Type it on a terminal, or set XT_NEW_PIN.": "请在终端输入，或设置 XT_NEW_PIN。",
    "The keys are locked.": "密钥已加锁。",
    "The keys are no longer locked.": "密钥已解锁。",
    "Take the PIN away.": "取消 PIN 码。",
    # The link.
    "Send what waits and fetch what is new; stays with --watch.": (
        "发出待发内容，收取新内容；--watch 保持连接。"
    ),
    "Give up after S seconds.": "最多 S 秒。",
    "Stay connected and print what arrives.": "保持连接，显示收到的内容。",
    "This road only: folder:/media/stick.": "只用这条通道，如 folder:/media/stick（U 盘）。",
    "about {time} left": "还需约 {time}",
    "sending": "上传",
    "fetching": "接收",
    "{done} of {all}": "已完成 {done}，共 {all}",
    "All safe: {sent} records confirmed, {got} new ones here. {up} up, {down} down.": (
        "全部送达：确认 {sent} 条，新收 {got} 条。上行 {up}，下行 {down}。"
    ),
    "What still waits was postponed or cancelled: {records} records, {blobs} attachments. See: xt"
    " transfers": "其余内容已推迟或取消：记录 {records} 条，附件 {blobs} 个。查看：xt transfers",
    "The hub did not answer. Everything is kept and will be sent next time.": (
        "枢纽没有应答。内容都已保存，下次再发。"
    ),
    "Time is over: {records} records and {blobs} attachments still wait.": (
        "时间到：还有 {records} 条记录、{blobs} 个附件待发。"
    ),
    "{put} bundles written, {taken} taken, {refused} refused.": (
        "写出数据包 {put} 个，取入 {taken} 个，拒收 {refused} 个。"
    ),
    # The log.
    "{count} records, every signature and chain checks.": "{count} 条记录，签名和链接全部正确。",
    "Check every signature and chain of the log.": "校验日志的每个签名和链接。",
    "List the records, one a line.": "列出记录，每行一条。",
    "Only this case.": "只看这个病例。",
    # The hub.
    "Make this computer a hub.": "把本机设为枢纽。",
    "The hub's name.": "枢纽名称。",
    "Where it listens (UDP).": "监听地址（UDP）。",
    "The address that invitations give.": "邀请码中写的地址。",
    "The hub {name} is ready. Start it with: xt hub serve": (
        "枢纽 {name} 已就绪。启动：xt hub serve"
    ),
    "Run the hub until it is stopped.": "运行枢纽，直到停止。",
    "Make a one-line code that lets one station in, once.": "生成一行邀请码，供一个站点入网一次。",
    "The new station's name.": "新站点名称。",
    "What it is.": "类型：post 卫生室（院），desk 专科诊台。",
    "Who works there.": "在那里工作的医生。",
    "Their role.": "职称或角色。",
    "Their departments.": "所在科室。",
    "Where the station is.": "站点所在地。",
    "Days until the code expires.": "邀请码有效天数。",
    "Another address of the hub for this code.": "此邀请码使用的另一个枢纽地址。",
    "Answer a join request that came as a file.": "答复用文件送来的入网申请。",
    "A join request carried here by hand.": "人工送来的入网申请文件。",
    "Where to write the answer.": "答复写到哪里。",
    "Carry {file} back and type there: xt join CODE --welcome {file}": (
        "请把 {file} 带回，在新站点输入：xt join 邀请码 --welcome {file}"
    ),
    "List the stations and who works there.": "列出站点和在那里工作的医生。",
    "Accept nothing new from a station and its practitioners.": "不再接受某站点及其医生的新内容。",
    "Its number or name.": "站点编号或名称。",
    "Why.": "原因。",
    "Revoked: {numbers}. Nothing new from there is accepted.": (
        "已吊销：{numbers}。不再接受其新内容。"
    ),
    "Numbers: cases, answers, times.": "统计：病例、答复、时间。",
    # Other roads: folder, serial, short messages, https, relays.
    "The roads to the hub: list, add, remove, test.": "通往枢纽的通道：列出、添加、删除、测试。",
    "The roads of this station, in the order they are tried.": "本站的通道，按尝试顺序排列。",
    "Add a road that xt sync uses by itself.": "添加一条供 xt sync 自动选用的通道。",
    "Take a road away.": "删除一条通道。",
    "As xt link list shows it.": "写法同 xt link list 所示。",
    "udp, https, serial:DEVICE[@BAUD], folder:PATH, sms:COMMAND.": (
        "udp、https、serial:设备[@波特率]、folder:路径、sms:命令。"
    ),
    "road": "通道",
    "now": "目前",
    "last contact": "最近联系",
    "carries": "使用中",
    "used last": "上次使用",
    "ready": "可用",
    "not there": "未接入",
    "bytes sent": "发送量",
    "bytes received": "接收量",
    "over {road}": "通道：{road}",
    "queued": "排队中",
    "under way": "传输中",
    "there, receipt missing": "已送达，差回执",
    "refused": "被拒收",
    "postponed": "已推迟",
    "cancelled": "已取消",
    "critical": "危急",
    "text": "文字",
    "picture or document": "图片或文件",
    "How long: 30m, 2h, 1d.": "时间：30m、2h、1d。",
    "Send nothing of this transfer for TIME.": "在这段时间内不发送此传输。",
    "Do not send this transfer.": "不发送此传输。",
    "Send it after all, when its turn comes.": "恢复发送，轮到时发出。",
    "Say one thing to do.": "请只写一项操作。",
    "Such as: xt transfers --postpone TAG 2h, or --cancel TAG.": (
        "例如：xt transfers --postpone 编号 2h，或 --cancel 编号。"
    ),
    "tag": "编号",
    "to": "发往",
    "priority": "优先级",
    "size": "大小",
    "there after": "预计送达",
    "Not sent on any road. It stays saved here; the other side does not know of it.": (
        "任何通道都不再发送。内容仍存在本机，对方并不知道。"
    ),
    "To send it after all: xt transfers --resume {tag}": (
        "如需恢复发送：xt transfers --resume {tag}"
    ),
    "Nothing of it is sent until then; what has arrived stays there.": (
        "到时之前不再发送；已送达的部分保留。"
    ),
    "udp, https or serial:DEVICE.": "udp、https 或 serial:设备。",
    "Size of the payload.": "测试数据的大小。",
    "{road}: {answered} of {asked} questions answered": "{road}：{asked} 次询问，{answered} 次应答",
    "round trip {rtt}, at best {least}": "往返 {rtt}，最短 {least}",
    "{size} there and confirmed after {time}": "{size} 送达并确认，用时 {time}",
    "{rate} kbit/s upwards, loss {loss} %": "上行 {rate} kbit/s，丢包 {loss}%",
    "the test cost {up} up, {down} down": "本次测试用了上行 {up}，下行 {down}",
    "Test the link to the hub.": "测试到枢纽的链路。",
    "What waits to travel; postpone or cancel it.": "待发内容；可推迟或取消。",
    "Measure round trip, rate and loss with a few questions.": (
        "用几次询问测量往返时间、速率和丢包。"
    ),
    "{road}: {out} sent, {got} received, {refused} refused": (
        "{road}：发 {out}，收 {got}，拒收 {refused} 个"
    ),
    ", {count} came again": "，重复收到 {count} 个",
    "attachment": "附件",
    "A relay's road upwards: https, serial:DEVICE.": "中继站的上行通道：https、serial:设备。",
    "For a relay: where it listens.": "仅用于中继站：监听地址。",
    "The relay that its link ends at.": "该站点所接的中继站。",
    "Serve HTTPS too, own certificate.": "同时提供 HTTPS，使用自带证书。",
    "The same without TLS, behind a proxy.": "同上但不加 TLS，放在反向代理后面。",
    "Where the hub answers over HTTPS.": "枢纽的 HTTPS 地址。",
    "{count} bundles are too long for short messages and wait for another road.": (
        "{count} 个数据包太长，不能用短报文，等待其他通道。"
    ),
    "{sent} messages sent, {got} received.": "发出短报文 {sent} 条，收到 {got} 条。",
    "{count} bundles did not fit; free some space or take another stick.": (
        "还有 {count} 个数据包放不下；请腾出空间或换一个 U 盘。"
    ),
    "Waiting for receipts: {records} records, {blobs} attachments.": (
        "等待回执：记录 {records} 条，附件 {blobs} 个。"
    ),
    # Sound.
    "Which sound device; see devices.": "用哪个声音设备；见 devices。",
    "The sound file.": "声音文件。",
    "The note to write.": "要写入的语音文件。",
    "Stop after N seconds.": "到 N 秒为止。",
    "How good, and how large.": "音质与大小。",
    "There is a file {file} already.": "文件 {file} 已存在。",
    "Choose another name.": "请换一个文件名。",
    "{file}: {time}, {size}": "{file}：{time}，{size}",
    "A file, or a case.": "文件或病例号。",
    "With a case: which attachment.": "病例的哪个附件。",
    "not made by xt": "非 xt 录制",
    "The end is missing; it plays up to where it was cut.": "末尾缺失；可播放到中断处。",
    "There is no sound device.": "没有声音设备。",
    "Plug one in, or use sound files.": "请接上设备，或使用声音文件。",
    "microphone": "话筒",
    "speaker": "扬声器",
    "{part}: {size}, {time}": "{part}：{size}，{time}",
    "text and vitals": "文字与体征",
    "without the photo {time}": "不带照片 {time}",
    "; without the photo {time}": "；不带照片 {time}",
    "; without the document {time}": "；不带文件 {time}",
    "{size} to send; nobody has measured the link yet: xt link test": (
        "要发送 {size}；链路还没有测过，可先运行：xt link test"
    ),
    "{option} must be 0 or more seconds.": "{option} 必须是不小于 0 的秒数。",
    "The hub did not answer. Check the network, or try another road: xt link list": (
        "枢纽没有应答。请检查网络，或换一条通路：xt link list"
    ),
    "{cases} and {count} more": "{cases}，另有 {count} 例",
    "postponed until {time}": "推迟到 {time}",
    "no answer for {time}": "已有 {time}没有回音",
    "arrived": "已送到",
    "Record, play and look at voice notes.": "录制、播放和查看语音。",
    "Record a voice note with the microphone.": "用话筒录一段语音。",
    "Play a sound file, or a voice note of a case.": "播放声音文件，或病例中的语音。",
    "How long, how large and how good a sound file is.": "声音文件的时长、大小与音质。",
    "List microphones and speakers.": "列出话筒与扬声器。",
    "Sound": "声音",
    "Serve this line too; may be given again.": "同时通过这条串口线路服务，可重复。",
    "Take the call that rings.": "接听来电。",
    "Refuse it.": "拒接来电。",
    "It may be kept in the case; both must agree.": "可录音存入病例；须双方同意。",
    "It is not kept; do not ask.": "不录音，也不询问。",
    "Push to talk: Enter switches the microphone.": "按键说话：回车开关话筒。",
    "Hang up after N seconds.": "N 秒后挂断。",
    "Say this file, not the microphone.": "播放此文件代替话筒。",
    "Write what is heard to this file.": "把听到的写入此文件。",
    "Kept or not kept?": "录音还是不录音？",
    "Give --keep or --no-keep.": "请只写 --keep 或 --no-keep 之一。",
    "May this call be kept in the case?": "本次通话可否录音存入病例？",
    "Enter: speak, Enter again: listen. Ctrl-C hangs up.": "回车说话，再按回车收听。Ctrl-C 挂断。",
    "Ctrl-C hangs up.": "Ctrl-C 挂断。",
    "You are speaking.": "您在讲话。",
    "You are listening.": "您在收听。",
    "What was not heard ({time}) goes into the case as a voice note.": (
        "对方未听到的（{time}）将作为语音存入病例。"
    ),
    "The call is kept in the case.": "通话录音已存入病例。",
    "Call the other side of a case: the post, or the specialist who is on it.": (
        "呼叫病例的对方：卫生室或接诊的专科医生。"
    ),
    # A browser as the telephone.
    "Talk in a browser: serve a page.": "用浏览器通话：提供通话网页。",
    "Its address behind a proxy.": "网页在反向代理之后时的网址。",
    "Where should the page be served?": "通话网页在哪个地址提供？",
    "Give --browser HOST:PORT.": "请写 --browser 主机:端口。",
    "The browser is microphone and speaker.": "浏览器就是话筒和扬声器。",
    "Leave out --file, --out and --device, or --browser.": (
        "请去掉 --file、--out、--device，或去掉 --browser。"
    ),
    "Open this in the browser, once; it is for one person only:": (
        "请在浏览器中打开此网址，仅供一人使用一次："
    ),
    "The browser will warn. Go on only if it shows this SHA-256 fingerprint:": (
        "浏览器会提示证书警告。仅当显示的 SHA-256 指纹如下时才继续："
    ),
    "Ask for all of a picture, as it was taken.": "索取完整原图。",
    "The case that this one continues.": "本次申请所接续的前次病例。",
    "Follow-up of case {case}": "接续病例 {case}",
    "Continued in {cases}": "后续病例：{cases}",
    "Show pictures where the link has room left.": "链路有余量时发送画面。",
    "Without a microphone: only hear.": "不用麦克风：只听。",
    "Pictures: {sent} shown there, {received} seen here.": (
        "画面：对方看到 {sent} 张，本机看到 {received} 张。"
    ),
    "Picture, {age} s old: {file}": "画面（{age} 秒前）：{file}",
}
