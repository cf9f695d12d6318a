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
    "This is not a voice note that xt can play.": "这不是 xt 能播放的语音留言。",
    "Ask for it to be recorded and sent again.": "请让对方重新录制并发送。",
    "{name} is too large for a voice note.": "{name} 太大，不能作为语音留言。",
    "Use a recording of at most {megabytes} MB.": "请使用不超过 {megabytes} MB 的录音。",
    "There is no file {name}.": "没有文件 {name}。",
    "Check its name and folder.": "请检查文件名和所在文件夹。",
    "{name} holds no sound that can be read.": "{name} 中没有可读取的声音。",
    "Use a recording in wav, mp3, m4a, amr, ogg or flac.": (
        "请使用 wav、mp3、m4a、amr、ogg 或 flac 格式的录音。"
    ),
    "{name} is longer than {minutes} minutes.": "{name} 超过 {minutes} 分钟。",
    "Cut it, or send it as several notes.": "请剪短，或分成几条留言发送。",
    "Nothing can be heard in {name}.": "{name} 中听不到声音。",
    "Check the microphone and record again, closer to the mouth.": (
        "请检查麦克风，靠近嘴边重新录音。"
    ),
    "There is no quality {quality}.": "没有“{quality}”这种音质。",
    "Choose one of {choices}.": "请从 {choices} 中选择。",
    "A note holds between one frame and {minutes} minutes.": (
        "一条留言最短一帧，最长 {minutes} 分钟。"
    ),
    "Split it into several notes.": "请分成几条留言。",
    "The region is not inside the picture.": "该区域不在图片范围内。",
    "Give left,top,width,height in percent, such as 25,10,50,50.": (
        "请按百分比给出 左,上,宽,高，例如 25,10,50,50。"
    ),
    "{name} is not a picture that can be read.": "{name} 不是可读取的图片。",
    "Use a photo in JPEG, PNG, WebP or AVIF; set the camera to JPEG.": (
        "请使用 JPEG、PNG、WebP 或 AVIF 照片；请把相机设为 JPEG 格式。"
    ),
    "{name} is too large for a picture.": "图片 {name} 太大。",
    "Take the photo at {megapixels} megapixels or less.": "请用不超过 {megapixels} 百万像素拍摄。",
    "{name} is larger than {megabytes} MB.": "{name} 超过 {megabytes} MB。",
    "Send a smaller file or a part of it.": "请发送较小的文件或其中一部分。",
    "xt cannot tell what {name} is.": "无法识别 {name} 是什么文件。",
    "Attach a recording, a photo, an ECG, a PDF, a text or an Office file.": (
        "请附上录音、照片、心电图、PDF、文本或 Office 文件。"
    ),
    "PortAudio is not installed, so no microphone or speaker can be used.": (
        "没有安装 PortAudio，无法使用麦克风和扬声器。"
    ),
    "Install it (Debian, Ubuntu: apt install libportaudio2), or use sound files.": (
        "请安装（Debian、Ubuntu：apt install libportaudio2），或使用录音文件。"
    ),
    "The sound device {name} is not there or cannot be used.": "声音设备 {name} 不存在或无法使用。",
    "See `xt voice devices`.": "请查看 `xt voice devices`。",
    "There is no microphone that can be used.": "没有可用的麦克风。",
    "Plug one in, or send a recording made elsewhere.": "请插入麦克风，或发送用别的设备录的音。",
    "There is no speaker that can be used.": "没有可用的扬声器。",
    "Plug one in, or save the note to a file.": "请插入扬声器或耳机，或把留言存为文件。",
    # --- end of Opus, voice notes, pictures ---
}

# The call.
WORDS |= {
    "A call datagram does not check: it is damaged, old, or not from this call.": (
        "通话数据校验未通过：已损坏、过时，或不属于本次通话。"
    ),
    "Nothing was played. If it goes on, hang up and call again.": (
        "未播放任何内容。若持续出现，请挂断后重新呼叫。"
    ),
    "The installed aiortc is not the one xt knows, so WebRTC calls are off.": (
        "已安装的 aiortc 版本不受支持，WebRTC 通话不可用。"
    ),
    "Install aiortc 1.16; calls over the xt link work without it.": (
        "请安装 aiortc 1.16；不安装也可通过 xt 链路通话。"
    ),
    "The other side's WebRTC description cannot be read.": "无法读取对方的 WebRTC 描述。",
    "Reload the page there and call again.": "请在对方重新打开页面后再呼叫。",
    "Not live: what you say is kept and sent as a voice note.": (
        "暂不能实时通话：您说的话会保存，并作为语音留言发送。"
    ),
    "One at a time: wait until the other side has finished.": "轮流讲话：请等对方说完再说。",
    "Both can speak. The link loses data, so everything is sent twice.": (
        "双方可同时讲话。链路有丢包，声音会重复发送。"
    ),
    "Both can speak. The link is slow, so the sound is simple.": (
        "双方可同时讲话。链路较慢，音质较低。"
    ),
    "Both can speak, clear sound.": "双方可同时讲话，音质清晰。",
    "You hung up.": "您已挂断。",
    "The other side hung up.": "对方已挂断。",
    "The call was declined.": "对方已拒接。",
    "The other side is in another call.": "对方正在通话中。",
    "The call was cancelled.": "呼叫已取消。",
    "Nobody answered.": "无人接听。",
    "The link has been dead for too long, so the call ended.": "链路中断过久，通话已结束。",
    "You are speaking.": "您正在讲话。",
    "The other side is speaking. Please wait.": "对方正在讲话，请稍候。",
    "You may speak.": "可以讲话。",
    "It rings at the other side.": "对方正在响铃。",
    "Connected. You may speak.": "已接通，可以讲话。",
    "The other side now sends: {how}": "对方现在的发送方式：{how}",
    "No contact. Go on speaking: it will be sent as a voice note.": (
        "联系中断。请继续讲话，内容会作为语音留言发送。"
    ),
    "Contact again after {seconds} s.": "中断 {seconds} 秒后已恢复联系。",
    "{minutes}:{seconds:02d}; {heard} % of your words heard live; {loss} % of packets lost.": (
        "通话 {minutes}:{seconds:02d}；您的话有 {heard}% 被实时听到；丢包 {loss}%。"
    ),
    "A picture that came with a call does not check.": "通话中收到的一张图片校验不通过。",
    "It was dropped; the next one follows.": "已丢弃，后续图片会继续发来。",
    "The camera {name} is not there or cannot be used.": "摄像头 {name} 不存在或无法使用。",
    "Give --stills camera, or a folder that the camera writes into.": (
        "请用 --stills camera，或指定摄像头存图的文件夹。"
    ),
    "There is no camera that can be used.": "没有可用的摄像头。",
    "Plug one in, or give a picture, a video or a folder that a camera writes into.": (
        "请接上摄像头，或指定图片、视频或摄像头存图的文件夹。"
    ),
    "{name} holds no picture.": "{name} 中没有图像。",
    "Give a picture, a video or a folder.": "请指定图片、视频或文件夹。",
}
