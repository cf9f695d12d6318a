// A browser's end of a call: one audio line to the station that served this page. No library, nothing fetched elsewhere.
// The station answers POST offer (SDP in, SDP out; the one-time code of the page's address travels with it) and POST leave, POST state (how the call stands).
"use strict";

const WORDS = {
  ready: ["点击“加入通话”，并允许使用麦克风。", "Press “Join the call” and allow the microphone."],
  asking: ["正在打开麦克风…", "Opening the microphone…"],
  joining: ["正在连接…", "Connecting…"],
  waiting: ["已连接，等待通话…", "Connected. Waiting for the call…"],
  ringing: ["正在呼叫对方…", "Ringing…"],
  on: ["通话中", "On the call"],
  ptt: ["通话中：线路慢，一次只能一人说话", "On the call. The link is slow: one person speaks at a time"],
  note: ["线路太差，您的话将存为语音留言", "The link is too weak: what you say becomes a voice note"],
  unsteady: ["连接不稳，正在恢复…", "The connection is unsteady, recovering…"],
  over: ["通话已结束。", "The call is over."],
  nomic: ["无法使用麦克风：请在浏览器中允许，并检查是否已插好。", "The microphone cannot be used: allow it in the browser and check that it is plugged in."],
  refused: ["此通话已结束或链接已失效。请向对方索取新链接。", "This call is over or the link has expired. Ask for a new one."],
  failed: ["无法连接。请检查网络后再试。", "No connection. Check the network and try again."],
};
const chinese = navigator.language.toLowerCase().startsWith("zh");
const $ = (id) => document.getElementById(id);
const say = (word) => { $("state").textContent = WORDS[word][chinese ? 0 : 1]; };
const code = new URLSearchParams(location.search).get("code") || location.hash.slice(1);

let peer = null, microphone = null, started = 0, ticker = 0, meter = 0, state = "";

document.documentElement.lang = chinese ? "zh" : "en";
for (const node of document.querySelectorAll("[data-zh]")) node.textContent = node.dataset[chinese ? "zh" : "en"];
say("ready");

// A browser sends 20 ms packets by default: 60 ms costs a third of the headers, and DTX none in silence.
function thrifty(sdp) {
  const number = (sdp.match(/a=rtpmap:(\d+) opus\/48000/i) || [])[1];
  if (!number) return sdp;
  const wanted = `a=fmtp:${number} minptime=10;useinbandfec=1;usedtx=0;stereo=0;maxaveragebitrate=24000`;
  const line = new RegExp(`a=fmtp:${number} .*`);
  const base = line.test(sdp) ? sdp.replace(line, wanted) : sdp.replace(/(a=rtpmap:\d+ opus.*\r\n)/i, `$1${wanted}\r\n`);
  return base.replace(/a=ptime:.*\r\n/g, "").replace(new RegExp(`(${wanted}\r\n)`), "$1a=ptime:60\r\n");
}

function gathered(connection) {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => { if (connection.iceGatheringState === "complete") resolve(); };
    connection.addEventListener("icegatheringstatechange", done);
    setTimeout(resolve, 3000); // A candidate that takes longer is not worth a silent line.
  });
}

async function post(path, body) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

async function join() {
  $("join").hidden = true;
  say("asking");
  try {
    microphone = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) { return stop("nomic"); }
  say("joining");
  peer = new RTCPeerConnection();
  peer.addTrack(microphone.getAudioTracks()[0], microphone);
  peer.ontrack = (event) => { $("sound").srcObject = new MediaStream([event.track]); };
  peer.onconnectionstatechange = () => changed();
  try {
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    const answer = await post("offer", { sdp: peer.localDescription.sdp, code });
    if (!answer.ok) return stop("refused");
    await peer.setRemoteDescription({ type: "answer", sdp: thrifty((await answer.json()).sdp) });
  } catch (error) { return stop("failed"); }
  $("mute").hidden = $("leave").hidden = false;
  watch();
  wait(peer);
}

// How the call stands is the station's to say: a line to it is not yet a call, a closed one not yet the end of it.
async function wait(mine) {
  while (peer === mine) {
    const answer = await post("state", { code, state }).then((found) => found.ok ? found.json() : null).catch(() => null);
    if (peer !== mine) return;
    if (!answer) await new Promise((resolve) => setTimeout(resolve, 1000));
    else if (answer.state === "over") return stop("over");
    else { state = answer.state; changed(); }
  }
}

function changed() {
  if (!peer) return;
  if (peer.connectionState === "connected") {
    say(WORDS[state] ? state : "joining");
    if (!started && ["on", "ptt", "note"].includes(state)) { started = Date.now(); ticker = setInterval(tick, 500); }
  } else if (peer.connectionState === "disconnected") say("unsteady");
  else if (peer.connectionState === "failed") stop("failed");
  else if (peer.connectionState === "closed") stop("over");
}

function tick() {
  const seconds = Math.floor((Date.now() - started) / 1000);
  $("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function watch() {
  const context = new AudioContext(), analyser = context.createAnalyser();
  context.createMediaStreamSource(microphone).connect(analyser);
  const wave = new Float32Array(analyser.fftSize);
  meter = setInterval(() => {
    analyser.getFloatTimeDomainData(wave);
    $("level").value = Math.min(1, 3 * Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length));
  }, 100);
}

function mute() {
  const track = microphone && microphone.getAudioTracks()[0];
  if (!track) return;
  track.enabled = !track.enabled;
  $("mute").setAttribute("aria-pressed", String(!track.enabled));
}

function stop(word) {
  clearInterval(ticker); clearInterval(meter);
  if (microphone) microphone.getTracks().forEach((track) => track.stop());
  if (peer) { const old = peer; peer = null; old.close(); }
  microphone = null; started = 0;
  $("mute").hidden = $("leave").hidden = true;
  $("level").value = 0;
  $("join").hidden = false;
  say(word);
}

$("join").onclick = join;
$("mute").onclick = mute;
$("leave").onclick = () => { post("leave", { code }).catch(() => {}); stop("over"); };
addEventListener("keydown", (event) => { if (event.key.toLowerCase() === "m" && !event.repeat) mute(); });
addEventListener("pagehide", () => { if (peer) navigator.sendBeacon("leave", JSON.stringify({ code })); });
