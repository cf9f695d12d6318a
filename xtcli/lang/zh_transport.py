"""Chinese for the sentences of `transport`."""

WORDS: dict[str, str] = {
    # The bad-link emulator.
    "There is no link profile called {name}.": ("没有名为 {name} 的链路配置。"),
    "Use one of: {names}.": ("请选用：{names}。"),
    "This recording cannot be played: {why}.": ("无法回放这份链路记录：{why}。"),
    "Give a mahimahi trace (a time in ms a line) or a CSV with download_mbps, upload_mbps.": (
        "请提供 mahimahi 记录（每行一个毫秒数），或含 download_mbps、upload_mbps 两列的 CSV。"
    ),
    "it is empty or too long": ("文件为空或过长"),
    "a line is not a whole number of milliseconds": ("有一行不是整数毫秒"),
    "its times do not rise": ("时间没有递增"),
    "it has no column {column}": ("缺少 {column} 列"),
    "a row has no usable rate, or all rates are 0": ("有一行没有可用的速率，或速率全为 0"),
    "{text} is not an address.": ("{text} 不是有效的地址。"),
    "Write it as HOST:PORT, for example 127.0.0.1:4400.": (
        "请写成 主机:端口，例如 127.0.0.1:4400。"
    ),
    "The address {address} is not known: {why}.": ("找不到地址 {address}：{why}。"),
    "Check the name, or give the number.": ("请检查主机名，或直接填写 IP 地址。"),
    "Nothing can listen at {address}: {why}.": ("无法在 {address} 监听：{why}。"),
    "Choose another port; port 0 takes any that is free.": (
        "请换一个端口；端口 0 表示任选空闲端口。"
    ),
    "There can be no such link: {why}.": ("不可能有这样的链路：{why}。"),
    "Correct the number.": ("请更正数值。"),
    "These options cannot be used: {why}.": ("这些选项无法使用：{why}。"),
    "See --help.": ("详见 --help。"),
    "{option} must be above 0.": ("{option} 必须大于 0。"),
    "{option} must be 0 or more.": ("{option} 不能小于 0。"),
    "{option} must be 0 to below 1.": ("{option} 必须在 0 到 1 之间（不含 1）。"),
    "{option} must be 1 or more.": ("{option} 不能小于 1。"),
    "With so much loss at least {least} packets are lost in a row.": (
        "丢包这么多时，平均连续丢失至少 {least} 个包。"
    ),
    "Give --burst {least} or more.": ("请用 --burst {least} 或更大的值。"),
    "--trace-start says where a recording begins, and there is none.": (
        "--trace-start 指定链路记录的起点，但没有给出记录。"
    ),
    "Give --trace FILE too.": ("请同时给出 --trace 文件。"),
    "{text} is not an outage.": ("{text} 不是有效的中断设置。"),
    "Write DOWN/PERIOD in seconds, for example 60/90.": ("请写成 中断秒数/周期秒数，例如 60/90。"),
    "The recording {path} cannot be read: {why}.": ("无法读取链路记录 {path}：{why}。"),
    "Give a CSV, or the common name of a mahimahi pair NAME.up and NAME.down.": (
        "请提供 CSV，或一对 mahimahi 文件 NAME.up 和 NAME.down 的共同名称。"
    ),
    "Network namespaces exist on Linux only.": ("只有 Linux 才有网络命名空间。"),
    "Use the UDP relay: --listen and --to.": ("请改用 UDP 中继：--listen 和 --to。"),
    "Joining network namespaces needs root.": ("连接网络命名空间需要 root 权限。"),
    "Run it with sudo, or use the UDP relay: --listen and --to.": (
        "请用 sudo 运行，或改用 UDP 中继：--listen 和 --to。"
    ),
    "The command ip is missing.": ("缺少 ip 命令。"),
    "Install iproute2, or use the UDP relay: --listen and --to.": (
        "请安装 iproute2，或改用 UDP 中继：--listen 和 --to。"
    ),
    "There is no usable {device} here.": ("这里没有可用的 {device}。"),
    "Load the tun module, or use the UDP relay: --listen and --to.": (
        "请加载 tun 模块，或改用 UDP 中继：--listen 和 --to。"
    ),
    "The system refused to set up the link: {why}.": ("系统拒绝建立链路：{why}。"),
    "Root with the right to make network namespaces is needed.": (
        "需要有权创建网络命名空间的 root。"
    ),
    "The system gives no TUN device: {why}.": ("系统无法提供 TUN 设备：{why}。"),
    "Say what to run over the link.": ("请说明要在链路上运行什么。"),
    "Either -- COMMAND (as root) or --to HOST:PORT (UDP relay). See --help.": (
        "用 -- 命令（需 root），或用 --to 主机:端口（UDP 中继）。详见 --help。"
    ),
    "There is no command {name}.": ("没有 {name} 这个命令。"),
    "Check its name or path.": ("请检查名称或路径。"),
    "The hub's command ended at once with exit code {status}: {command}": (
        "枢纽端命令立即退出，退出码 {status}：{command}"
    ),
    "Try it alone first.": ("请先单独运行它试试。"),
    # End of the bad-link emulator.
    # Bundles.
    "Ask the sender to send it again.": ("请对方重新发送。"),
    "Ask the sender to send it in smaller pieces.": ("请对方分成较小的几份发送。"),
    "Copy it again from where it came.": ("请从来源处重新复制。"),
    "Fetch the roster again with: xt sync": ("请重新获取名册：xt sync"),
    "Leave it out.": ("请将它除外。"),
    "The key of the station this is meant for cannot be used.": ("收件站点的密钥无法使用。"),
    "This bundle holds more than this station takes at once.": (
        "此数据包超过本站点一次可接收的大小。"
    ),
    "This bundle is too large to be passed on.": "此数据包过大，无法转发。",
    "This bundle is damaged or was not sealed for this station.": (
        "此数据包已损坏，或不是发给本站点的。"
    ),
    "This bundle is damaged: it cannot be unpacked.": ("此数据包已损坏：无法解开。"),
    "This bundle is damaged: its padding is wrong.": ("此数据包已损坏：填充有误。"),
    "This bundle is damaged: its parts do not fit together.": ("此数据包已损坏：各部分不相符。"),
    "This bundle is damaged: its text cannot be read.": ("此数据包已损坏：文字无法读取。"),
    "This bundle is incomplete or damaged.": ("此数据包不完整或已损坏。"),
    "This bundle is packed in version {version}, which this version does not know.": (
        "此数据包用第 {version} 版压缩，本程序不认识。"
    ),
    "This bundle is sealed with suite {suite}, which this version does not know.": (
        "此数据包用第 {suite} 套密码算法加密，本程序不认识。"
    ),
    "This bundle is too short to be whole.": ("此数据包太短，不完整。"),
    "This bundle was made by a newer version of xt.": ("此数据包由更新版本的 xt 生成。"),
    "This data is damaged: a number in it is not whole.": ("数据已损坏：其中有不完整的数字。"),
    "This file is too large to be a bundle.": ("文件太大，不是数据包。"),
    "This is not a bundle of xt.": ("这不是 xt 的数据包。"),
    "Update xt and read it again.": ("请更新 xt 后再读取。"),
    "Update xt.": ("请更新 xt。"),
    # End of bundles.
    # The link, its spool and UDP.
    "There is no room on the disk to keep what waits to be sent.": (
        "磁盘空间不足，无法保存待发送的内容。"
    ),
    "Another xt is busy writing what waits to be sent.": "另一个 xt 正在写入待发送的内容。",
    "What waits to be sent cannot be read or written ({reason}).": (
        "待发送的内容无法读写（{reason}）。"
    ),
    "Free some space; nothing that was saved is lost.": "请清理出一些空间；已保存的内容不会丢失。",
    "Too much already waits to be sent to this station.": "等待发往该站点的内容已经过多。",
    "Connect, or cancel transfers that are not needed any more.": (
        "请先联网发送，或取消不再需要的传输。"
    ),
    "The address {host} cannot be found: {why}.": "找不到地址 {host}：{why}。",
    "Check the network, or the address of the hub.": "请检查网络或枢纽的地址。",
    "The address {address} cannot be used: {why}.": "无法使用地址 {address}：{why}。",
    "Choose another address or port, or end the program that holds it.": (
        "请换一个地址或端口，或结束占用它的程序。"
    ),
    "Nothing came back from {address}.": "{address} 没有任何回应。",
    "Check the network and the address of the hub, then try again.": (
        "请检查网络和枢纽的地址，然后重试。"
    ),
    "{host}, port {port}": "{host}，端口 {port}",
    # End of the link, its spool and UDP.
    # Folder carrier.
    "There is no room left in {folder}.": ("{folder} 没有空间了。"),
    "Free some space there, or take another stick. Nothing is lost.": (
        "请清理空间，或换一个 U 盘。没有丢失任何内容。"
    ),
    "{folder} cannot be written or read.": ("{folder} 无法读写。"),
    "Check the stick's lock and who owns the folder.": ("请检查 U 盘的写保护开关和文件夹权限。"),
    "{folder} went away while it was used ({why}).": ("使用中 {folder} 断开了（{why}）。"),
    "Put the stick back and do it again. Nothing is lost.": (
        "请重新插入 U 盘再试一次。没有丢失任何内容。"
    ),
    "There is no folder {folder}.": ("没有文件夹 {folder}。"),
    "Check that the stick is in, and its path.": ("请检查 U 盘是否插好，路径是否正确。"),
    "{folder} holds something else named xt.": ("{folder} 里有另一个名为 xt 的项目。"),
    "Move it away, or take another folder.": ("请将它移走，或换一个文件夹。"),
    "This is not a plain file.": ("这不是普通文件。"),
    "This file cannot be read.": ("此文件无法读取。"),
    # End of folder carrier.
    # Other roads: folder, serial, short messages, https, relays.
    "The certificate shown at {host} is not the hub's.": "{host} 出示的证书不是枢纽的证书。",
    "A login page of this network, or somebody else, may stand in between: log in with a browser,"
    " use another network, or ask for a new code.": (
        "中间可能是这个网络的登录页面，也可能有人冒充：请先用浏览器登录，或换一个网络，或索取新邀请码。"
    ),
    "The hub cannot be reached over HTTPS at {host}: {why}.": (
        "无法通过 HTTPS 连到枢纽 {host}：{why}。"
    ),
    "Check the network. Everything is kept and will be sent next time.": (
        "请检查网络。内容都已保存，下次再发。"
    ),
    "What answered is not the hub.": "应答的不是枢纽。",
    "This is no batch of xt's datagrams.": "这不是 xt 的数据报。",
    "in use, or not of this computer": "已被占用，或不是本机地址",
    "Plug it in again; everything is kept.": "请重新插好；内容都已保存。",
    "The device {device} went away.": "设备 {device} 已断开。",
    "A short message does not check.": "有一条短报文校验不通过。",
    "It was ignored; the sender sends it again.": "已忽略；发送方会重发。",
    "This is no short message of xt.": "这不是 xt 的短报文。",
    "{text} is not DEVICE@BAUD.": "“{text}”不是 设备@波特率。",
    "Write it like /dev/ttyUSB0@9600.": "例如：/dev/ttyUSB0@9600。",
    "The device {device} cannot be opened: {why}.": "无法打开设备 {device}：{why}。",
    "Check that it is plugged in, not in use, and that you may use it.": (
        "请检查设备是否插好、是否被占用、是否有使用权限。"
    ),
}
