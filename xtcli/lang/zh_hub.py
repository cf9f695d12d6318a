"""Chinese for the sentences of `hub`."""

WORDS: dict[str, str] = {
    "A relay has no road of short messages.": "中继站不使用短报文。",
    "Run it at the hub, or at the post.": "请在枢纽或站点运行。",
    "Its sender does not vouch for it.": "发送站点没有为它作证。",
    "a bundle of the hub": "枢纽的数据包",
    "This realm is full.": "本枢纽的站点数已满。",
    "Revoke stations, or add a hub.": "请吊销不用的站点，或增设枢纽。",
    "This station is not a hub.": "本站不是枢纽。",
    "Do this on the hub's computer, or set XT_HOME.": "请在枢纽的电脑上操作，或设置 XT_HOME。",
    "no answer within {minutes} minutes": "{minutes} 分钟内无人答复",
    "There are already {count} open invitations.": "未使用的邀请码已有 {count} 个。",
    "Wait until some have expired.": "请等部分邀请码过期后再试。",
    "The hub's list of invitations cannot be read.": "无法读取枢纽的邀请码清单。",
    "Move hub.db away; open invitations must then be made again.": (
        "请移走 hub.db；未使用的邀请码需要重新生成。"
    ),
    "This hub is being served already.": "本枢纽已在运行。",
    "Stop the other one first.": "请先停止另一个。",
    "The hub {name} listens on {address}.": "枢纽 {name} 正在监听 {address}。",
    "There is no station {station}.": "没有站点 {station}。",
    "See them: xt hub stations": "查看：xt hub stations",
    "Several stations are called {station}.": "有几个站点都叫 {station}。",
    "Give its number: xt hub stations": "请写站点编号：xt hub stations",
    "A desk needs a department.": "专科诊台必须有科室。",
    "Say which its practitioner works in: --dept D,...": "请写明医生所在科室：--dept 科室,...",
    "A station and its practitioner need names.": "站点和医生都要有名称。",
    "Give --station and --practitioner.": "请写 --station 和 --practitioner。",
    "The invitation in {file} is not open: unknown, used or too old.": (
        "{file} 中的邀请码无效：不存在、已用过或已过期。"
    ),
    "Make a new one: xt hub invite": "请重新生成：xt hub invite",
    "The hub itself cannot be revoked.": "不能吊销枢纽自身。",
    "Revoke a post or a desk.": "只能吊销卫生室（院）或专科诊台。",
    # Numbers of `xt hub stats`.
    "stations": "站点",
    "cases": "病例",
    "cases answered": "已答复病例",
    "cases closed": "已结案病例",
    "cases waiting": "等待答复病例",
    "median seconds to answer": "答复时间中位数（秒）",
    "p90 seconds to answer": "答复时间第 90 百分位（秒）",
    "records refused": "拒收记录",
    # Other roads: folder, serial, short messages, https, relays.
    "A relay cannot invite.": "中继站不能发邀请码。",
    "Make the code at the hub, with --via and this relay's name.": (
        "请在枢纽生成邀请码，并用 --via 写上本中继站的名称。"
    ),
    "Station {station} is no relay.": "站点 {station} 不是中继站。",
    "Invite one with --kind hub.": "请先用 --kind hub 邀请一个中继站。",
    "Where does {station} listen?": "{station} 在哪里监听？",
    "Give its address: --advertise HOST:PORT": "请写它的地址：--advertise 主机:端口",
    "The relay {name} listens on {address}.": "中继站 {name} 正在监听 {address}。",
    "The device {device} went away.": "设备 {device} 已断开。",
    "Plug it in again; the hub waits for it.": "请重新插好，枢纽会等待。",
    "Also on {road}.": "同时通过 {road} 服务。",
    "Station {station} has filled its share of the disk.": "站点 {station} 已用完它的磁盘配额。",
    "The case {case} cannot be watched over ({why}).": "病例 {case} 无法监看（{why}）。",
    "Look at it, and report this to whoever looks after the hub; all else goes on.": (
        "请查看该病例，并告知枢纽管理员；其他一切照常。"
    ),
    "What came from or waits for station {station} cannot be dealt with ({why}).": (
        "来自或等待发往 {station} 号站点的内容无法处理（{why}）。"
    ),
    "Report this to whoever looks after the hub; everything else goes on.": (
        "请告知枢纽的管理人员；其余工作照常进行。"
    ),
    "Look at what it sends; revoke it, or raise station_bytes_max in station.json.": (
        "请查看它发来的内容；可吊销该站点，或在 station.json 里调大 station_bytes_max。"
    ),
}
