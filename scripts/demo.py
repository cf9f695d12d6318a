"""One whole consult for real: hub, post and desk as processes, the post behind an emulated link.

Prints a timeline as it happens. Exit 0 only if every state was proven by a signed record.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from xtcli.records.case import Case, State
from xtcli.records.ids import RecordId
from xtcli.records.types import Kind
from xtcli.station import shell
from xtcli.station.home import Home
from xtcli.station.station import Station
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.emulator.profiles import PROFILES, profile

HERE = Path(__file__).parent
XT = Path(sys.executable).with_name("xt")
SPEECH = HERE.parent / "tests" / "data" / "speech" / "zh"
VOICE_POST = SPEECH / "rapidasr_0478_00017.wav"
VOICE_DESK = SPEECH / "SSB01450004.wav"
STEP_SECONDS_MAX = 900.0
LOOK_SECONDS = 0.02
RECEIPT_BYTES = 90
"""A receipt's records and signature, packed: what the way back costs at least."""
ANSWER = [
    "--advice", "考虑不稳定型心绞痛可能，立即卧床休息、吸氧，嚼服阿司匹林300mg，"
    "舌下含服硝酸甘油0.5mg，每15分钟复测血压；首选救护车转运，途中持续心电监护。",
    "--diagnosis", "I20.000", "--rx", "阿司匹林肠溶片; 100mg; po; qd; 7",
    "--disposition", "refer", "--refer-to", "旗医院胸痛中心", "--expires", "24h",
]  # fmt: skip


@dataclass(slots=True)
class Row:
    """One line of the timeline. Bytes are on the post's link, headers included, so far."""

    state: str
    seconds: float
    bytes_up: int
    bytes_down: int
    proof: str


@dataclass(slots=True)
class Demo:
    """Everything that runs."""

    root: Path
    link: str
    seed: int
    as_json: bool
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    started: float = 0.0
    before: tuple[int, int] = (0, 0)
    """Bytes that joining and connecting took, before the consult."""
    relay: subprocess.Popen[str] | None = None
    relay_lines: list[dict[str, Any]] = field(default_factory=list)

    def home(self, who: str) -> dict[str, str]:
        """The environment of one station."""
        return {**os.environ, "XT_HOME": str(self.root / who), "PYTHONUNBUFFERED": "1"}

    def xt(self, who: str, *words: str) -> dict[str, Any]:
        """Run one command as a process; its JSON. Leaves the demo when it fails."""
        done = subprocess.run(
            [XT, *words, "--json"], env=self.home(who), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"xt {' '.join(words[:2])} failed at the {who}:\n{done.stderr}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def spawn(self, who: str, *words: str) -> subprocess.Popen[str]:
        """Start a process that stays."""
        made = subprocess.Popen(
            [XT, *words, "--json"], env=self.home(who), stdout=subprocess.PIPE, text=True
        )
        self.processes.append(made)
        return made

    def traffic(self) -> tuple[int, int]:
        """Bytes up and down on the post's link so far."""
        assert self.relay is not None
        before = len(self.relay_lines)
        self.relay.send_signal(signal.SIGUSR1)
        end = time.monotonic() + 2.0
        while len(self.relay_lines) == before and time.monotonic() < end:
            time.sleep(0.005)
        last = self.relay_lines[-1] if self.relay_lines else {}
        return int(last.get("bytes_up", 0)), int(last.get("bytes_down", 0))

    def note(self, state: str, proof: str) -> None:
        """Add a line to the timeline."""
        at = time.monotonic() - self.started
        up, down = (now - then for now, then in zip(self.traffic(), self.before, strict=True))
        self.rows.append(Row(state, round(at, 2), up, down, proof))
        if not self.as_json:
            print(f"{at:8.2f} s  {state:<18} {up:>7} B up {down:>7} B down   {proof}", flush=True)

    def stop(self) -> None:
        """End every process."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def collect(stream: IO[str], lines: list[dict[str, Any]]) -> None:
    """Keep reading a process' JSON lines."""
    for line in stream:
        lines.append(json.loads(line))


def free_port() -> int:
    """A UDP port that is free now."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(demo: Demo) -> Iterator[None]:
    """Hub, relay, post and desk: enrolled and connected."""
    hub_port = free_port()
    demo.relay = subprocess.Popen(
        [sys.executable, "-m", "xtcli.transport.emulator", "--link", demo.link, "--seed",
         str(demo.seed), "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{hub_port}", "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    demo.processes.append(demo.relay)
    try:
        assert demo.relay.stdout is not None
        road = json.loads(demo.relay.stdout.readline())
        threading.Thread(
            target=collect, args=(demo.relay.stdout, demo.relay_lines), daemon=True
        ).start()
        hub = f"127.0.0.1:{hub_port}"
        demo.xt("hub", "hub", "init", "--name", "旗医院", "--listen", hub)
        serving = demo.spawn("hub", "hub", "serve")
        assert serving.stdout is not None
        serving.stdout.readline()
        threading.Thread(target=collect, args=(serving.stdout, []), daemon=True).start()
        code = demo.xt("hub", "hub", "invite", "--station", "心内科诊台", "--kind", "desk",
                       "--practitioner", "王主任", "--dept", "心内科")["code"]  # fmt: skip
        demo.xt("desk", "join", code)
        code = demo.xt("hub", "hub", "invite", "--station", "巴音村卫生室", "--kind", "post",
                       "--practitioner", "乌兰", "--advertise",
                       f"{road['host']}:{road['port']}")["code"]  # fmt: skip
        demo.xt("post", "join", code)
        demo.xt("post", "sync", "--timeout", "120")
        for who in ("post", "desk"):
            watching = demo.spawn(who, "sync", "--watch")
            assert watching.stdout is not None
            threading.Thread(target=collect, args=(watching.stdout, []), daemon=True).start()
        yield
    finally:
        demo.stop()


def until(what: str, test: Callable[[], bool]) -> None:
    """Wait until something holds; leave the demo when it does not come."""
    end = time.monotonic() + STEP_SECONDS_MAX
    while not test():
        if time.monotonic() > end:
            raise SystemExit(f"gave up waiting: {what}")
        time.sleep(LOOK_SECONDS)


def case_at(station: Station, case: RecordId) -> Case | None:
    """The case as one station sees it; None while it has not arrived."""
    return station.case(case) if station.log.get(case) else None


def reached(station: Station, case: RecordId, state: State) -> Callable[[], bool]:
    """Whether a state is proven at a station."""

    def test() -> bool:
        found = case_at(station, case)
        return found is not None and state in found.states

    return test


def whole_voice(station: Station, case: RecordId, author: int) -> Callable[[], bool]:
    """Whether a voice note by another station is whole here."""

    def test() -> bool:
        found = case_at(station, case)
        return found is not None and any(
            a.whole and a.id.station == author for a in found.attachments
        )

    return test


def consult(demo: Demo, request: Path, voice: Path) -> RecordId:
    """The consult, step by step; each line of the timeline waits for its proof."""
    post = Station(Home(demo.root / "post"), clock=shell.now, entropy=shell.entropy)
    desk = Station(Home(demo.root / "desk"), clock=shell.now, entropy=shell.entropy)
    until("post ready", lambda: post.syncing() and desk.syncing())
    time.sleep(1.0)
    demo.before = demo.traffic()
    demo.started = time.monotonic()
    text = request.read_text(encoding="utf-8")
    filed = demo.root / "request.yaml"
    filed.write_text(text + f"\nvoice: {voice.resolve()}\n", encoding="utf-8")
    batch = demo.xt("post", "request", "--file", str(filed))
    case = RecordId.parse(batch["requests"][0]["case"])
    demo.note("saved", f"record {case} on the post's disk")
    until("sent", lambda: post.log.sent_at(case) > 0)
    demo.note("sent", "first datagram left")
    until("received", reached(post, case, State.RECEIVED))
    demo.note("received", "hub's signed receipt at the post")
    until("at desk", lambda: desk.log.get(case) is not None)
    demo.note("rings", "request in the log of the desk")
    demo.xt("desk", "open", str(case))
    demo.xt("desk", "claim", str(case))
    until("opened", reached(post, case, State.OPENED))
    demo.note("opened", "specialist's signed record at the post")
    until("voice at desk", whole_voice(desk, case, post.number))
    demo.note("voice at desk", "voice note whole, digest checked")
    demo.xt("desk", "answer", str(case), *ANSWER, "--voice", str(VOICE_DESK), "--yes")
    until("answered", reached(post, case, State.ANSWERED))
    demo.note("answered", "signed answer at the post")
    until("answer received", reached(desk, case, State.ANSWER_RECEIVED))
    demo.note("answer received", "post's signed receipt at the desk")
    until("voice at post", whole_voice(post, case, desk.number))
    demo.note("voice at post", "voice note whole, digest checked")
    demo.xt("post", "ack", str(case), "--done", "已嚼服阿司匹林，救护车已出发")
    until("acted on", reached(desk, case, State.ACTED_ON))
    demo.note("acted on", "post's signed record at the desk")
    demo.xt("post", "close", str(case), "--outcome", "已转诊")
    until("closed", reached(desk, case, State.CLOSED))
    until(
        "all receipts", lambda: not post.log.waiting(1).records and not desk.log.waiting(1).records
    )
    demo.note("closed", "at post, hub and desk, every receipt back")
    prove(demo, post, desk, case)
    return case


def prove(demo: Demo, post: Station, desk: Station, case: RecordId) -> None:
    """Every state must rest on a signed record or receipt; both logs must check."""
    for station in (post, desk):
        station.verify_log()
        found = station.case(case)
        for entry in found.entries:
            if entry.record.kind is not Kind.RECEIPT and not entry.received:
                own = entry.record.id.station == station.number
                if own:
                    raise SystemExit(f"{entry.record.id} has no receipt")
    if post.case(case).version != desk.case(case).version:
        raise SystemExit("post and desk do not agree")


def limit_seconds(demo: Demo, case: RecordId) -> float:
    """The least time from Enter to the answer with its voice note at the post, on this link.

    Legs that wait for each other cost a one-way delay each; what is carried costs its packed bytes
    at the link's rate and loss. No headers, seals or symbols are counted: nobody can be faster.
    """
    road = profile(demo.link)
    post = Station(Home(demo.root / "post"), clock=shell.now, entropy=shell.entropy)
    up = down = 0
    for entry in post.case(case).entries:
        record = entry.record
        size = len(pack([Part(record.content, record.raw)]))
        if record.id.station == post.number:
            up += size if record.kind in (Kind.REQUEST, Kind.ATTACH) else 0
        elif record.kind in (Kind.OPENED, Kind.CLAIMED, Kind.ANSWER, Kind.ATTACH):
            down += size
    for attachment in post.case(case).attachments:
        if attachment.id.station == post.number:
            up += attachment.body.size
        else:
            down += attachment.body.size
    seconds = 2 * road.delay_s
    if road.rate_up_bps:
        seconds += up * 8 / (road.rate_up_bps * (1 - road.loss))
    if road.rate_down_bps:
        seconds += down * 8 / (road.rate_down_bps * (1 - road.loss))
    return seconds


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--link", default="gprs", choices=sorted(PROFILES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--request", type=Path, default=HERE / "demo_data" / "request.yaml")
    parser.add_argument("--voice", type=Path, default=VOICE_POST)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    for path in (options.request, options.voice):
        if not path.is_file():
            print(f"The file {path} is not there. Give another one.", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="xt-demo-") as folder:
        demo = Demo(Path(folder), options.link, options.seed, options.as_json)
        with running(demo):
            case = consult(demo, options.request, options.voice)
        at = {row.state: row.seconds for row in demo.rows}
        limit = limit_seconds(demo, case)
    took = at["voice at post"]
    if options.as_json:
        rows = [{name: getattr(row, name) for name in Row.__slots__} for row in demo.rows]
        print(json.dumps({"link": demo.link, "seed": demo.seed, "case": str(case),
                          "timeline": rows, "round_trip_seconds": took,
                          "limit_seconds": round(limit, 2)}, ensure_ascii=False))  # fmt: skip
    else:
        print(f"\nFrom Enter to the answer and its voice note at the post: {took:.1f} s"
              f" (limit of this link for these bytes: {limit:.1f} s).")  # fmt: skip
        print("Every state above was proven by a signed record or receipt.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
