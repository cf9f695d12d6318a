// A guest's end of a call: one audio line straight to a station, found through sealed papers that the hub passes on.
// docs/format/web.md has every byte. No library, nothing fetched elsewhere; the key after the # never leaves this page.
"use strict";

const WORDS = {
  ready: ["输入姓名，点击“加入通话”，并允许使用麦克风。", "Type your name, press “Join the call” and allow the microphone."],
  asking: ["正在打开麦克风…", "Opening the microphone…"],
  ringing: ["正在呼叫对方…", "Ringing…"],
  waiting: ["对方已看到您的姓名，等待对方医生同意…", "They see your name. Waiting for the doctor to agree…"],
  joining: ["对方已同意，正在连接…", "They agreed. Connecting…"],
  on: ["通话中", "On the call"],
  ptt: ["通话中：线路慢，一次只能一人说话，请按住“按住说话”键", "On the call. The link is slow and carries one voice at a time: hold “Hold to talk” to speak"],
  note: ["线路太差，声音暂时传不过去，请稍候…", "The link is too weak for sound just now, please wait…"],
  noline: ["对方暂时断线，正在等待…", "The other side is out of reach, waiting…"],
  unsteady: ["连接不稳，正在恢复…", "The connection is unsteady, recovering…"],
  declined: ["对方未接受。", "They did not take the call."],
  over: ["通话已结束。", "The call is over."],
  lost: ["连接中断，通话已结束。", "The connection was lost. The call is over."],
  expired: ["此链接已过期，请向对方索取新链接。", "The link has expired. Ask for a new one."],
  altered: ["收到的内容与密钥不符，已拒绝。请不要继续，并告知对方。", "What came does not fit the key and was refused. Do not go on; tell the other side."],
  nomic: ["无法使用麦克风：请在浏览器中允许，并检查是否已插好。", "The microphone cannot be used: allow it in the browser and check that it is plugged in."],
  refused: ["此链接无效、已被使用或通话已结束，请向对方索取新链接。", "This link is wrong, used, or the call is over. Ask for a new one."],
  old: ["此浏览器不支持通话。请用新版 Chrome、Edge、Firefox 或 Safari 打开 https 链接。", "This browser cannot take the call. Open the https link in a current Chrome, Edge, Firefox or Safari."],
  broken: ["此链接不完整，请完整复制。", "This link is not whole. Copy all of it."],
  offline: ["网络中断，正在重试…", "No network, trying again…"],
};
const chinese = navigator.language.toLowerCase().startsWith("zh");
const $ = (id) => document.getElementById(id);
const say = (word) => { const text = WORDS[word][chinese ? 0 : 1]; if ($("state").textContent !== text) $("state").textContent = text; };
const bytes = (text) => new TextEncoder().encode(text);
const hex = (data) => Array.from(data, (x) => x.toString(16).padStart(2, "0")).join("");
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => Array.from(part)));
const from64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const to64 = (data) => btoa(String.fromCharCode(...data));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const AGAIN = [1000, 1500, 2000, 3000, 4000, 5000], SSRC = 0x78740001;
const place = location.pathname.split("/").pop();
let room, key;
try { room = from64(place); key = from64(location.hash.slice(1)); } catch (error) { room = key = new Uint8Array(); }

// What outlives a reload of this tab, and no more.
const kept = JSON.parse(sessionStorage.getItem(place) || "null") || { me: hex(crypto.getRandomValues(new Uint8Array(8))), t: "", n: "" };
const keepIt = () => sessionStorage.setItem(place, JSON.stringify(kept));

let base = null, microphone = null, peer = null, ice = [], offer = 0, running = false, ended = "";
let started = 0, ticker = 0, meter = 0, muted = false, pressed = false, here = true, altered = false, lastNet = 0;
let mine = {}, theirs = {}, mark = "";

document.documentElement.lang = chinese ? "zh" : "en";
for (const node of document.querySelectorAll("[data-zh]")) node.textContent = node.dataset[chinese ? "zh" : "en"];
const whole = room.length === 16 && key.length === 16;
const able = window.isSecureContext && Boolean(crypto.subtle && window.RTCPeerConnection && navigator.mediaDevices);
if (!whole) say("broken"); else if (!able) say("old"); else say("ready");
$("join").disabled = !(whole && able);
$("name").value = kept.n;

// Papers

const papers = { salt: crypto.getRandomValues(new Uint8Array(8)), number: 0, changed: 0, newest: ["", 0], read: {}, paper: null, due: 0, tries: 0, seen: true };

async function derive(salt, name) {
  const how = { name: "HKDF", hash: "SHA-256", salt, info: bytes("xt guest 1 " + name) };
  if (name === "pass") return new Uint8Array(await crypto.subtle.deriveBits(how, base, 128));
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

const sealing = (number) => ({ name: "AES-GCM", iv: join(new Uint8Array(8), number), additionalData: room });

// One after the other: a number is used once.
let writing = Promise.resolve();
const renew = (document) => (writing = writing.then(() => seal(document)));

async function seal(document) {
  if (document) mine = document;
  papers.number += 1;
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, papers.number);
  const text = JSON.stringify({ s: `${papers.newest[0].slice(0, 8)}:${papers.newest[1]}`, ...mine });
  const sealed = await crypto.subtle.encrypt(sealing(number), await derive(join(room, papers.salt), "guest"), bytes(text));
  papers.paper = join(papers.salt, number, new Uint8Array(sealed));
  if (document) { papers.changed = papers.number; papers.seen = false; papers.tries = 0; }
  papers.due = Date.now();
}

async function read(paper) {
  const salt = paper.slice(0, 8), name = hex(salt), number = new DataView(paper.buffer, paper.byteOffset).getUint32(8);
  if (number <= (papers.read[name] || 0)) {
    if (name === papers.newest[0] && number === papers.newest[1]) papers.due = Date.now();
    return;
  }
  let document;
  try {
    const plain = await crypto.subtle.decrypt(sealing(paper.slice(8, 12)), await derive(join(room, salt), "station"), paper.slice(12));
    document = JSON.parse(new TextDecoder().decode(plain));
  } catch (error) { altered = true; return show(); }
  papers.read[name] = number;
  papers.newest = [name, number];
  const [seenSalt, seen] = String(document.s).split(":");
  delete document.s;
  if (seenSalt === hex(papers.salt).slice(0, 8) && Number(seen) >= papers.changed) { papers.seen = true; papers.due = 0; }
  const news = JSON.stringify(document) !== JSON.stringify(theirs);
  theirs = document;
  if (news && papers.number) renew(null);
  altered = false;
  heard();
}

// The hub

async function ask(document) {
  const answer = await fetch(place, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document) });
  if (!answer.ok) throw new Error(String(answer.status));
  const found = await answer.json();
  lastNet = Date.now();
  here = found.here !== false;
  if (found.p) {
    const paper = from64(found.p);
    mark = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", paper))).slice(0, 16);
    await read(paper);
  }
  return found;
}

async function enter() {
  if (kept.t) {
    try { return await ask({ t: kept.t, h: mark, p: to64(papers.paper) }); } catch (error) { kept.t = ""; }
  }
  const found = await ask({ pass: hex(await derive(room, "pass")) });
  kept.t = found.t;
  kept.ice = found.ice;
  keepIt();
}

async function listen() {
  while (running) {
    try { await ask({ t: kept.t, h: mark }); } catch (error) {
      if (error.message === "404" && running) return stop(ended || "over");
      await pause(1000);
    }
    show();
  }
}

async function tell() {
  while (running) {
    if (papers.due && Date.now() >= papers.due) {
      papers.due = papers.seen ? 0 : Date.now() + AGAIN[Math.min(papers.tries, AGAIN.length - 1)];
      papers.tries += 1;
      try { await ask({ t: kept.t, h: mark, p: to64(papers.paper) }); } catch (error) { papers.due = papers.due || Date.now() + 1000; }
    }
    await pause(50);
  }
}

// The line: what is fixed of the SDP is here, what is not is in the papers.

const TYPES = { h: "host", s: "srflx", r: "relay" }, WORTH = { h: 126, s: 100, r: 0 };

function offered(end) {
  const lines = [
    "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=msid-semantic: WMS xt",
    "m=audio 9 UDP/TLS/RTP/SAVPF 96 63", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "a=mid:0", "a=sendrecv", "a=rtcp-mux",
    `a=ice-ufrag:${end.u}`, `a=ice-pwd:${end.p}`, `a=fingerprint:sha-256 ${end.f.toUpperCase().match(/../g).join(":")}`, "a=setup:actpass",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=rtpmap:96 opus/48000/2", "a=rtcp-fb:96 transport-cc", "a=fmtp:96 minptime=10;usedtx=1;useinbandfec=0;stereo=0;maxaveragebitrate=16000",
    "a=rtpmap:63 red/48000/2", "a=fmtp:63 96/96", "a=ptime:60", "a=maxptime:60",
    "a=msid:xt xt", `a=ssrc:${SSRC} cname:xt`, `a=ssrc:${SSRC} msid:xt xt`,
  ];
  end.c.forEach(([type, address, port], n) => lines.push(
    `a=candidate:${n} 1 udp ${WORTH[type] * 2 ** 24 + (65535 - n) * 256 + 255} ${address} ${port} typ ${TYPES[type]}` + (type === "h" ? "" : " raddr 0.0.0.0 rport 9")));
  return lines.join("\r\n") + "\r\na=end-of-candidates\r\n";
}

function reduced(sdp) {
  const one = (name) => (sdp.match(new RegExp(`a=${name}(.*)\\r\\n`)) || [])[1];
  const all = [...sdp.matchAll(/a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ (\S+)/gi)].map(([, address, port, type]) => [type[0], address, Number(port)]);
  const good = all.filter(([type, , port]) => "hsr".includes(type) && port > 9);
  const relays = good.filter(([type]) => type !== "h");
  return {
    u: one("ice-ufrag:"), p: one("ice-pwd:"), f: one("fingerprint:sha-256 ").replace(/:/g, "").toLowerCase(),
    c: [...good.filter(([type]) => type === "h").slice(0, Math.max(0, 10 - relays.length)), ...relays].slice(0, 10),
  };
}

function gathered(connection) {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    connection.addEventListener("icegatheringstatechange", () => { if (connection.iceGatheringState === "complete") resolve(); });
    setTimeout(resolve, 3000); // A candidate that takes longer is not worth a silent line.
  });
}

async function connect(of) {
  offer = of.o;
  if (peer) { const old = peer; peer = null; old.close(); }
  const mineNow = peer = new RTCPeerConnection({ iceServers: kept.ice || [] });
  mineNow.addTrack(microphone.getAudioTracks()[0], microphone);
  mineNow.ontrack = (event) => { $("sound").srcObject = new MediaStream([event.track]); $("sound").play().catch(() => {}); };
  mineNow.onconnectionstatechange = () => { if (peer === mineNow) show(); };
  try {
    await mineNow.setRemoteDescription({ type: "offer", sdp: offered(of) });
    await mineNow.setLocalDescription(await mineNow.createAnswer());
    await gathered(mineNow);
    if (peer === mineNow) renew({ ...mine, a: { o: of.o, ...reduced(mineNow.localDescription.sdp) } });
  } catch (error) { if (peer === mineNow) show(); }
}

// The station says how much its link carries; this side follows.
function follow() {
  if (!peer) return;
  const sender = peer.getSenders()[0], receiver = peer.getReceivers()[0];
  if (sender && theirs.b) {
    const how = sender.getParameters();
    if (how.encodings && how.encodings.length && how.encodings[0].maxBitrate !== theirs.b) {
      how.encodings[0].maxBitrate = theirs.b;
      sender.setParameters(how).catch(() => {});
    }
  }
  if (receiver && theirs.d !== undefined) {
    if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = theirs.d;
    else if ("playoutDelayHint" in receiver) receiver.playoutDelayHint = theirs.d / 1000;
  }
}

function heard() {
  if (theirs.by) $("who").textContent = theirs.by + (theirs.for ? ` → ${theirs.for}` : "");
  if (theirs.st === "over") return stop({ declined: "declined", lost: "lost", expired: "expired" }[theirs.w] || "over");
  if (theirs.of && theirs.of.o > offer) connect(theirs.of);
  follow();
  show();
}

// What a person sees is what is so.
function show() {
  if (!running) return;
  const linked = peer && peer.connectionState === "connected", on = theirs.st === "on" && linked;
  const track = microphone && microphone.getAudioTracks()[0];
  if (track) track.enabled = theirs.st === "on" && !muted && theirs.m !== "note" && (theirs.m !== "ptt" || pressed);
  $("talk").hidden = !(on && theirs.m === "ptt");
  if (on && !started) { started = Date.now(); ticker = setInterval(tick, 500); }
  if (altered) say("altered");
  else if (Date.now() - lastNet > 8000 && !linked) say("offline");
  else if (on) say({ ptt: "ptt", note: "note" }[theirs.m] || "on");
  else if (!here) say("noline");
  else if (theirs.st === "on") say(started ? "unsteady" : "joining");
  else say(theirs.st === "asked" ? "waiting" : "ringing");
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

async function start(event) {
  if (event) event.preventDefault();
  kept.n = $("name").value.trim();
  if (running || !kept.n) return;
  $("form").hidden = true;
  say("asking");
  try {
    microphone = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) { return stop("nomic", true); }
  microphone.getAudioTracks()[0].enabled = false;
  base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits", "deriveKey"]);
  running = true;
  say("ringing");
  await renew({ me: kept.me, n: kept.n, k: $("keep").checked ? 1 : 0 });
  try { await enter(); } catch (error) {
    const gone = ["404", "429"].includes(error.message);
    return stop(gone ? "refused" : "offline", !gone);
  }
  if (!running) return;
  $("mute").hidden = $("leave").hidden = false;
  watch();
  listen();
  tell();
  show();
}

function stop(word, again) {
  ended = word;
  running = false;
  clearInterval(ticker); clearInterval(meter);
  if (microphone) microphone.getTracks().forEach((track) => track.stop());
  if (peer) { const old = peer; peer = null; old.close(); }
  microphone = null; started = 0;
  $("mute").hidden = $("leave").hidden = $("talk").hidden = true;
  $("level").value = 0;
  $("form").hidden = !again;
  if (!again) sessionStorage.removeItem(place);
  say(word);
}

async function leave() {
  await renew({ ...mine, a: undefined, l: 1 });
  const last = papers.paper;
  stop("over");
  for (let n = 0; n < 3; n += 1) {
    try { await fetch(place, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ t: kept.t, p: to64(last) }) }); } catch (error) { /* The hub misses this page soon. */ }
    await pause(700);
  }
}

function mute() {
  if (!microphone) return;
  muted = !muted;
  $("mute").setAttribute("aria-pressed", String(muted));
  show();
}

function press(down) {
  pressed = down;
  $("talk").setAttribute("aria-pressed", String(down));
  show();
}

$("form").onsubmit = start;
$("mute").onclick = mute;
$("leave").onclick = leave;
$("talk").onpointerdown = () => press(true);
$("talk").onpointerup = $("talk").onpointerleave = () => press(false);
addEventListener("keydown", (event) => {
  if (event.target === $("name") || event.repeat) return;
  if (event.key.toLowerCase() === "m") mute();
  if (event.key === " " && !$("talk").hidden) { event.preventDefault(); press(true); }
});
addEventListener("keyup", (event) => { if (event.key === " " && pressed) press(false); });
