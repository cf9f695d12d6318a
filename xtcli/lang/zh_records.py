"""Chinese for the sentences of `records`."""

WORDS: dict[str, str] = {
    "{text} is not a record number.": "“{text}”不是记录号。",
    "A record number is two numbers with a dash, such as 12-34.": (
        "记录号是用短横连接的两个数字，例如 12-34。"
    ),
    "The value given for {field} cannot be used.": "“{field}”的内容不可用。",
    "Correct it and try again.": "请更正后再试。",
    "{field} is missing.": "缺少“{field}”。",
    "Give it and try again.": "请补填后再试。",
    "{field} has {size} characters; at most {most} fit.": (
        "“{field}”有 {size} 个字，最多 {most} 个。"
    ),
    "Shorten it and try again.": "请缩短后再试。",
    "{field} holds a character that cannot be shown (U+{code}).": (
        "“{field}”含有无法显示的字符（U+{code}）。"
    ),
    "Remove it and try again.": "请删除后再试。",
    "This entry has {size} bytes; at most {most} fit.": (
        "本条记录有 {size} 字节，最多 {most} 字节。"
    ),
    "Shorten the texts, or attach a document instead.": "请缩短文字，或改用附件。",
    "A record that arrived cannot be read ({reason}).": "收到的一条记录无法读取（{reason}）。",
    "It was set aside. Ask the sending station to update xt or to check its log.": (
        "该记录已另存。请发送站点升级 xt 或检查其日志。"
    ),
    "The number, author, time or case of this entry is out of range.": (
        "本条记录的编号、作者、时间或病例号超出范围。"
    ),
    "Check the station's clock and the case number.": "请检查本站时钟和病例号。",
    "A record that arrived has {size} signature bytes, not {most}.": (
        "收到的一条记录签名为 {size} 字节，应为 {most} 字节。"
    ),
    "A record that arrived does not say what came before it.": "收到的一条记录没有说明它的前一条。",
    "It was set aside. Ask the sending station to check its log: xt log verify": (
        "该记录已另存。请发送站点检查其日志：xt log verify"
    ),
    "The keys of this station are locked.": "本站密钥已加锁。",
    "Give the PIN.": "请输入 PIN 码。",
    "That is not the PIN of this station.": "PIN 码不正确。",
    "Try again.": "请重试。",
    "The key file of this station cannot be read.": "本站的密钥文件无法读取。",
    "Restore it from your copy, or ask the hub for a new invitation: xt join CODE": (
        "请从备份恢复，或向枢纽索取新的邀请码：xt join CODE"
    ),
    "Another record with the same number is already here.": "已有另一条同号记录。",
    "It does not continue the log of its station.": "它与该站点的日志不衔接。",
    "Its signature does not check.": "签名不符。",
    "Its author's right to sign had ended.": "作者的签名权已终止。",
    "Its author does not belong to that station.": "作者不属于该站点。",
    "The case it names is not a request.": "它所指的病例不是协诊申请。",
    "A post may write in its own cases only.": "卫生室只能在自己的病例中记录。",
    "Its author does not belong to the case's department.": "作者不属于该病例的科室。",
    "Its author may not make entries of this kind.": "作者无权作此类记录。",
    "What it refers to does not belong to this case or this person.": (
        "它所引用的内容不属于本病例或本人。"
    ),
    "It cannot be read.": "无法读取。",
    "It does not prove that the hub says so.": "无法证明出自枢纽。",
    "The request of this case has not arrived yet.": "本病例的协诊申请尚未到达。",
    "Try again later: xt sync": "请稍后再试：xt sync",
    "The disk is full; nothing was saved.": "磁盘已满，未保存任何内容。",
    "Free some space and try again.": "请清理磁盘后再试。",
    "The log on disk is damaged ({reason}).": "磁盘上的日志已损坏（{reason}）。",
    "Move the file log.db away, restore your copy, then type: xt sync": (
        "请移走 log.db，恢复备份，然后运行：xt sync"
    ),
    "Another xt is busy writing to this log.": "另一个 xt 正在写入此日志。",
    "Wait a moment and try again.": "请稍候再试。",
    "The log cannot be read or written ({reason}).": "日志无法读写（{reason}）。",
    "Check that the folder exists and belongs to you.": "请检查文件夹是否存在、是否归您所有。",
    "The log was written by a newer xt (format {found}, this one reads {known}).": (
        "此日志由更新版本的 xt 写入（格式 {found}，本版本只读 {known}）。"
    ),
    "Install the newest xt here.": "请在本机安装最新版 xt。",
    "The log on disk does not check (at {where}).": "磁盘上的日志校验不通过（位置 {where}）。",
    "The attachment has {size} bytes; 1 to {most} are possible.": (
        "附件有 {size} 字节，允许 1 至 {most} 字节。"
    ),
    "Attach a smaller file.": "请附加较小的文件。",
    "This attachment has not arrived yet.": "该附件尚未到达。",
    "Too many attachments are arriving at once.": "同时到达的附件过多。",
    "Try again when some are complete.": "请待部分附件接收完后再试。",
    "An attachment that arrived does not check.": "收到的附件校验不通过。",
    "It will be sent again: xt sync": "将重新发送：xt sync",
}
