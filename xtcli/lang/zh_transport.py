"""Chinese for the sentences of `transport`."""

WORDS: dict[str, str] = {
    # The bad-link emulator.
    "There is no link profile called {name}.": "没有名为 {name} 的链路配置。",
    "Use one of: {names}.": "请选用：{names}。",
    "This recording cannot be played: {why}.": "无法回放这份链路记录：{why}。",
    "Give a mahimahi trace (a time in ms a line) or a CSV with download_mbps, upload_mbps.": "请提供 mahimahi 记录（每行一个毫秒数），或含 download_mbps、upload_mbps 两列的 CSV。",
    "it is empty or too long": "文件为空或过长",
    "a line is not a whole number of milliseconds": "有一行不是整数毫秒",
    "its times do not rise": "时间没有递增",
    "it has no column {column}": "缺少 {column} 列",
    "a row has no usable rate, or all rates are 0": "有一行没有可用的速率，或速率全为 0",
    # End of the bad-link emulator.
}
