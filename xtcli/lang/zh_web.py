"""Chinese for the sentences about guests: the hub's page, and calls with somebody without xt."""

WORDS: dict[str, str] = {
    # Asking somebody in.
    "Ask somebody in by a link.": "用链接请人参加通话。",
    "A guest has a call to himself.": "请来宾参加的通话须单独进行。",
    "Leave out --accept and --browser, or --guest.": (
        "请去掉 --accept 和 --browser，或去掉 --guest。"
    ),
    "Send this link to {name}; it is good for one person, for 30 minutes:": (
        "请把此链接发给{name}，只供一人使用，30 分钟内有效："
    ),
    "The call would be kept in the case.": "通话将存入病例。",
    "A guest, said to be {name}, asks to come in. Let them in?": (
        "有来宾（自称{name}）请求加入。是否同意？"
    ),
    "guest, said to be {name}": "来宾（自称{name}）",
    "No guest has come.": "没有来宾加入。",
    "Ask again: xt call {case} --guest NAME": "请重新邀请：xt call {case} --guest 姓名",
    "No way to the guest's browser was found.": "无法与来宾的浏览器建立连接。",
    "Your hub serves no page for guests.": "您的枢纽没有开通来宾网页。",
    "There: xt hub serve --web HOST:PORT": "请在枢纽上运行：xt hub serve --web HOST:PORT",
    "The hub has no room for more guests.": "枢纽的来宾已满。",
    "Try again in some minutes.": "请过几分钟再试。",
    # What did not check.
    "Something that came with a guest's call does not check.": "来宾通话中收到的内容未通过校验。",
    "It was dropped.": "已丢弃。",
    "Nothing need be done.": "无需处理。",
    "Sound from the browser cannot be read.": "无法读取浏览器传来的声音。",
    "The browser's WebRTC description cannot be read.": "无法读取浏览器的 WebRTC 描述。",
    "Reload the page there.": "请在对方浏览器中刷新网页。",
    "This is no room.": "这不是来宾房间。",
    # The hub.
    "Serve the page for guests, HTTPS.": "开通来宾网页（HTTPS）。",
    "That page without TLS, behind a proxy.": "来宾网页不加 TLS，由反向代理转发。",
    "The page's address as guests open it.": "来宾打开网页所用的地址。",
    "STUN over UDP, if not where the page is.": "STUN（UDP）地址，默认与网页相同。",
    "Your own TURN server for guests.": "本单位的 TURN 服务器，供来宾使用。",
    "The secret it shares with this hub.": "它与本枢纽共用的密钥文件。",
    "Guests' page: {url} {fingerprint}": "来宾网页：{url} {fingerprint}",
    "One page is enough.": "只能开通一个网页。",
    "Give --web or --web-plain.": "请只给出 --web 或 --web-plain。",
    "How do guests reach the page?": "来宾从哪个地址打开网页？",
    "Give its address: --web-url https://HOST/": "请给出地址：--web-url https://HOST/",
    "A TURN server needs an address and a secret.": "TURN 服务器需要地址和密钥。",
    "Give --turn turn:HOST:PORT and --turn-secret FILE.": (
        "请给出 --turn turn:HOST:PORT 和 --turn-secret 文件。"
    ),
    "A relay serves no page.": "中继不提供来宾网页。",
    "Serve it at the hub above.": "请在上级枢纽开通。",
}
