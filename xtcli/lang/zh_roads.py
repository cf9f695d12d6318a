"""Chinese for what is said about roads besides the UDP link, and about why a system refuses."""

WORDS: dict[str, str] = {
    # Folders.
    "{folder} cannot be written: what it holds was taken, nothing was deleted or left there. Check"
    " the stick's lock.": (
        "{folder} 无法写入：其中的内容已取入，没有删除也没有写出任何内容。请检查 U 盘的写保护开关。"
    ),
    "Write its whole path.": "请写完整路径。",
    "{count} files were refused in all.": "共拒收 {count} 个文件。",
    "A folder is visited once, so there is nothing to watch.": "文件夹只访问一次，不能用 --watch。",
    "Leave --watch out, or let xt sync visit it: xt link add {road}": (
        "请去掉 --watch，或让 xt sync 自行访问：xt link add {road}"
    ),
    # Short messages.
    "The command {command} cannot be read.": "命令 {command} 无法解读。",
    "Check its quotation marks; write it like sms:beidou-modem.": (
        "请检查引号；写法如 sms:beidou-modem。"
    ),
    "{name} is set to {text}, which is no number that can be used.": (
        "{name} 的值 {text} 不是可用的数字。"
    ),
    "Set it to a number from {least} on, or leave it out.": "请设为不小于 {least} 的数字，或不设。",
    "It must begin with a line like: SIZE 1750 (from {least} to {most})": (
        "它的第一行应为：SIZE 1750（{least} 到 {most}）"
    ),
    "The network did not take a message: {why}": "网络没有接收一条短报文：{why}",
    "{count} messages were not taken by the network; others go instead.": (
        "有 {count} 条短报文网络没有接收，将另发补上。"
    ),
    "What came by short messages does not open here.": "短报文传来的数据包无法打开。",
    # HTTPS.
    "The proxy that this system names cannot be used for HTTPS.": (
        "本机设置的代理不能用于 HTTPS。"
    ),
    "Set HTTPS_PROXY to an address like http://HOST:PORT, or unset it and ALL_PROXY.": (
        "请把 HTTPS_PROXY 设为 http://主机:端口 这样的地址，或取消它和 ALL_PROXY。"
    ),
    "A web page answers at {host} instead of the hub: this network seems to want a login first.": (
        "在 {host} 应答的不是枢纽，而是网页：这个网络可能要求先登录。"
    ),
    "Open any page in a browser and log in, or use another network or road. Everything is kept."
    " If there is no login, check the address in the invitation.": (
        "请用浏览器打开任意网页完成登录，或换用其他网络或通道。内容都已保留。"
        "如果没有登录页面，请核对邀请码里的地址。"
    ),
    "What answers at {host} is not a hub of xt.": "在 {host} 应答的不是 xt 枢纽。",
    "Log in to the network if it wants that, and check the address in the invitation.": (
        "如果该网络要求登录，请先登录；并核对邀请码里的地址。"
    ),
    "The print of its certificate: {print}": "证书指纹：{print}",
    "The print of the relay's certificate.": "中继站证书的指纹。",
    "{print} is not the print of a certificate.": "{print} 不是证书指纹。",
    "Give the 32 characters that xt hub serve shows there, with --https HOST:PORT.": (
        "请写 xt hub serve 在该处显示的 32 个字符，并同时写 --https 主机:端口。"
    ),
    "The certificate of the relay is not known here.": "本站不知道该中继站的证书。",
    "Give --https-print as xt hub serve --https shows it at the relay.": (
        "请写 --https-print，取自中继站上 xt hub serve --https 显示的指纹。"
    ),
    "{url} is no address that an invitation can give.": "{url} 不能写进邀请码。",
    "Write it like https://example.cn/county/xt, in at most {most} characters.": (
        "写法如 https://example.cn/county/xt，最多 {most} 个字符。"
    ),
    # Status.
    "folders": "文件夹（U 盘）",
    "passed on as a relay": "中继转发",
    ", last contact {ago} ago": "，{ago}前有过联系",
    # Why the system refuses.
    "it is not there": "不存在",
    "you may not use it": "没有使用权限",
    "it is in use": "正被占用",
    "it is no such device": "不是这类设备",
    "it is a folder": "是文件夹",
    "it is no folder": "不是文件夹",
    "it is no program": "不是程序",
    "it could not be read or written": "读写出错",
    "it is locked": "有写保护",
    "it is not of this computer": "不是本机的",
    "there is no network to it": "没有通往那里的网络",
    "its connection broke": "连接断开",
    "no name server answers": "域名服务器没有应答",
    "no name server knows it": "域名服务器查不到它",
}
