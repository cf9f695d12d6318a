"""Chinese for the sentences of errors that several rooms share."""

WORDS: dict[str, str] = {
    "The file {file} cannot be read.": "无法读取文件 {file}。",
    "The file {file} cannot be written.": "无法写入文件 {file}。",
    "Check its name and place.": "请检查文件名和位置。",
    "Choose another place.": "请换一个位置。",
    "{value} is not a {field}.": "“{value}”不能用作{field}。",
    "Use one of: {known}.": "可用：{known}。",
    "The disk is full, so nothing was saved.": "磁盘已满，未保存任何内容。",
    "Free some space and do it again.": "请清理磁盘后重试。",
    "This computer is a station already.": "本机已经是一个站点。",
    "See which: xt status. For another, set XT_HOME.": (
        "查看：xt status。如需另建站点，请设置 XT_HOME。"
    ),
    "See: xt request --help": "请看：xt request --help",
    "See them: xt show {case}": "查看：xt show {case}",
    "See who you are here: xt status": "查看您的身份：xt status",
    "xt itself failed ({name}). What was saved is safe.": (
        "xt 程序出错（{name}）。已保存的内容是安全的。"
    ),
    "Do it again; if it fails again, run it with XT_DEBUG=1 and report what it prints.": (
        "请重试；如仍出错，请设 XT_DEBUG=1 再运行一次，并把显示的内容报告给我们。"
    ),
    "Stopped. What was saved is safe.": "已停止。已保存的内容是安全的。",
}
