"""Chinese for the help and the reports of `scripts/badlink`; its errors are in `zh_transport`."""

WORDS: dict[str, str] = {
    # How a link is described.
    "unlimited": "不限速",
    "{up} up, {down} bit/s down": "上行 {up}，下行 {down} bit/s",
    "{delay}±{jitter} ms one way": "单程 {delay}±{jitter} 毫秒",
    "{loss} loss": "丢包 {loss}",
    "{loss} loss in bursts of {burst}": "丢包 {loss}（平均连丢 {burst} 个）",
    "down 60 s in every 90": "每 90 秒断 60 秒",
    # badlink --help.
    "Run real programs over a bad link.": "让真实的程序在恶劣链路上运行。",
    "As root: makes two network namespaces, the post's ({post}) and the hub's ({hub}),\n"
    "joins them through the link, runs COMMAND at the post and --hub-command at the hub, and"
    " removes\neverything when COMMAND ends. All of IP goes through: TCP, UDP, ping. The commands"
    " find the\naddresses in BADLINK_POST and BADLINK_HUB. COMMAND's exit code is returned; the"
    " counters of the\nlink go to stderr.": (
        "以 root 运行：建立两个网络命名空间，站点端（{post}）和枢纽端（{hub}），\n"
        "用这条链路连接起来；在站点端运行 COMMAND，在枢纽端运行 --hub-command，\n"
        "COMMAND 结束后全部清除。所有 IP 流量都能通过：TCP、UDP、ping。\n"
        "命令可从 BADLINK_POST 和 BADLINK_HUB 得到两端地址。\n"
        "退出码与 COMMAND 相同；链路的计数写到标准错误。"
    ),
    "Without root: --to relays UDP through the link, from --listen to HOST:PORT.": (
        "不用 root：--to 把 UDP 经这条链路从 --listen 转发到 HOST:PORT。"
    ),
    "[link options] [--hub-command CMD] -- COMMAND [ARG ...]": (
        "[链路选项] [--hub-command CMD] -- COMMAND [ARG ...]"
    ),
    "[link options] [--listen HOST:PORT] --to HOST:PORT": (
        "[链路选项] [--listen HOST:PORT] --to HOST:PORT"
    ),
    "links:": "链路：",
    "examples:": "示例：",
    "example:": "示例：",
    "arguments": "参数",
    "options": "选项",
    "runs at the post": "在站点端运行",
    "runs at the hub, by sh -c; starts first": "在枢纽端由 sh -c 运行；先启动",
    "head start; default 1": "先启动的秒数；默认 1",
    "UDP relay: here; default: a free port of 127.0.0.1": (
        "UDP 中继：监听处；默认 127.0.0.1 的空闲端口"
    ),
    "UDP relay: to there; needs no root": "UDP 中继：转发到此；不需要 root",
    "counters as JSON": "以 JSON 输出计数",
    "show this help and leave": "显示帮助并退出",
    "profile; default gprs": "链路配置；默认 gprs",
    "same seed, same losses; default 0": "种子相同，丢包相同；默认 0",
    "post to hub": "站点到枢纽的速率",
    "hub to post": "枢纽到站点的速率",
    "one way": "单程时延",
    "delay is uniform in ± this": "时延在 ± 此值内均匀分布",
    "share of packets lost, 0 to 1": "丢包比例，0 到 1",
    "mean packets lost in a row": "平均连续丢失的包数",
    "seconds of the rate in the queue": "队列可容纳多少秒的流量",
    "dead DOWN seconds in every PERIOD": "每 PERIOD 秒中断 DOWN 秒",
    "play a recording: a CSV, or a mahimahi pair FILE.up and FILE.down": (
        "回放链路记录：CSV，或一对 mahimahi 文件 FILE.up 和 FILE.down"
    ),
    "skip S seconds": "跳过开头 S 秒",
    # The relay by itself.
    "A UDP relay that behaves like a bad link.": "像恶劣链路一样的 UDP 中继。",
    "default: a free port": "默认：空闲端口",
    "where the hub listens": "枢纽的监听地址",
    "one JSON object a line": "每行一个 JSON 对象",
    # Reports.
    "{link}: {up} B in {up_packets} packets up ({up_lost} lost, {up_full} overflowed), {down} B in"
    " {down_packets} down ({down_lost} lost, {down_full} overflowed)": (
        "{link}：上行 {up} B，{up_packets} 个包（丢 {up_lost}，溢出 {up_full}）；"
        "下行 {down} B，{down_packets} 个包（丢 {down_lost}，溢出 {down_full}）"
    ),
    "{link} seed {seed}, {seconds} s: {up} B in {up_count} datagrams up, {down} B in {down_count}"
    " down": (
        "{link}，种子 {seed}，{seconds} 秒：上行 {up} B，{up_count} 个数据报；"
        "下行 {down} B，{down_count} 个"
    ),
    "The post's way to {target} goes over this link now: give it {listen} as the hub's address."
    " Ctrl-C ends it.": (
        "现在通往 {target} 要经过这条链路：请让站点把 {listen} 当作枢纽地址。按 Ctrl-C 结束。"
    ),
    # What argparse finds wrong.
    "{name} must be a number; {value} is none.": "{name} 应为数字，{value} 不是数字。",
    "{name} may mean several options: {known}.": "{name} 可能指多个选项：{known}。",
    "Write it out.": "请写全。",
    "not text": "不是文本",
}
