"""Chinese for the sentences of `media`."""

WORDS: dict[str, str] = {
    # --- Opus, voice notes, pictures ---
    "There is no Opus library, so voice cannot be coded.": "没有找到 Opus 语音库，无法处理语音。",
    "Install PyAV (pip install av), or name a library in XT_OPUS_LIB.": (
        "请安装 PyAV（pip install av），或用 XT_OPUS_LIB 指定语音库。"
    ),
    "The Opus library {path} cannot be loaded.": "语音库 {path} 无法加载。",
    "Unset XT_OPUS_LIB, or name a library that fits this machine.": (
        "请取消 XT_OPUS_LIB，或指定适合本机的语音库。"
    ),
    "This is not Opus sound, or it was damaged on the way.": "这不是 Opus 语音，或已在途中损坏。",
    "Ask for it to be sent again.": "请让对方重发。",
    # --- end of Opus, voice notes, pictures ---
}
