"""Bad input on every carrier: refused or ignored, counted where `xt status` shows it, harmless.

The table in docs/TESTING.md says what is counted how; each of its rows is tried here on the real
thing: a served hub with its socket, its HTTPS port and a line; a stick; a plug-in's lines.
"""

from __future__ import annotations

import base64
import os
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port
from tests.roads.processes import Line, serving, xt
from tests.roads.realm import Realm, file_request
from tests.roads.test_folder_road import visit
from tests.roads.test_sms_road import SMS, End
from xtcli.cli.tables import status_page
from xtcli.hub.hub import HubStation
from xtcli.records.case import State
from xtcli.station.roads_modem import Modem
from xtcli.station.roads_sms import ROAD, ToSend
from xtcli.station.roads_store import NAME, RoadCount, RoadStore
from xtcli.transport.carriers.batches import BODY_BYTES_MAX, SESSION_BYTES, Asked
from xtcli.transport.carriers.frames import frame
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.symbols import bundle_tag

HUB = 1
COPIES = 3


def link_of(realm: Realm, name: str, other: bytes = b"") -> Link:
    """The link of a station that is enrolled, with its own key; `other`: of another realm."""
    station = realm.station(name)
    settings = station.settings
    key = link_key(station.keys.station_seal, settings.hub_seal, other or settings.realm)
    entropy = random.Random(1).randbytes
    return Link(local=settings.number, peer=HUB, key=key, now=0.0, entropy=entropy)


@dataclass
class Bad:
    """Datagrams of one station: `sound` is genuine, the others are not to be taken."""

    sound: bytes
    refused: dict[str, bytes]


def bad_input(realm: Realm, name: str) -> Bad:
    """One of each kind."""
    link = link_of(realm, name)
    link.poll(1.0)
    sound = link.send(1.0)
    foreign = link_of(realm, name, b"another.")
    foreign.poll(1.0)
    rubbish = random.Random(2).randbytes(300)
    link.offer(bundle_tag(rubbish), rubbish, 1, 2.0)
    malicious, stranger = link.send(2.0), foreign.send(1.0)
    assert sound is not None
    assert malicious is not None
    assert stranger is not None
    return Bad(sound, {"truncated": sound[:-1], "foreign": stranger,
                       "oversized": sound + bytes(1300), "malicious": malicious,
                       "noise": rubbish})  # fmt: skip


def in_time(home: Path, road: str, **wanted: int) -> None:
    """A served hub writes its counts down every few seconds; `xt status --json` shows them."""
    end, found = time.monotonic() + 60, dict.fromkeys(wanted, 0)
    while found != wanted and time.monotonic() < end:
        time.sleep(0.2)
        store = RoadStore(home)
        rows = [one for one in store.counts() if one.road == road]
        store.close()
        found = {name: getattr(one, name) for one in rows for name in wanted}
    assert found == wanted
    (row,) = [one for one in xt(home, "status")["roads"] if one["road"] == road]
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize("kind", ["udp", "https", "serial"])
def test_datagrams_at_a_served_hub(realm: Realm, kind: str) -> None:
    """Each kind once, and a genuine datagram replayed: counted apart, and a consult goes through
    beside it."""
    bad = bad_input(realm, "desk")
    https, hub = free_port(), realm.hub_home.root
    with (
        Line() as line,
        serving(hub, "--https", f"127.0.0.1:{https}", "--serial", f"{line.ends[0]}@115200"),
    ):
        if kind == "udp":
            send, road = over_udp(realm.hub_address), "udp"
        elif kind == "https":
            send, road = over_https(https), "https"
        else:
            send, road = over_line(line.ends[1]), f"serial:{line.ends[0]}"
        send(bad.sound)
        for _ in range(COPIES):
            send(bad.sound)
        for datagram in bad.refused.values():
            send(datagram)
        in_time(hub, road, again=COPIES, refused=len(bad.refused))
        if kind == "https":
            extra_https(https)
            in_time(hub, road, again=COPIES, refused=len(bad.refused) + 3)
        post = realm.station("post")
        case = file_request(post)
        realm.close()
        xt(realm.root / "post", "sync", "--via", "udp", "--timeout", "60")
    assert realm.station("post").case(case).state is State.RECEIVED
    realm.hub().verify_log()


def over_udp(address: str) -> Callable[[bytes], None]:
    host, _, port = address.rpartition(":")

    def send(datagram: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(datagram, (host, int(port)))

    return send


def over_https(port: int) -> Callable[[bytes], None]:
    def send(datagram: bytes) -> None:
        body = Asked(bytes(SESSION_BYTES), 0.0, 4096, (datagram[:1232],)).to_bytes()
        if len(datagram) > 1232:
            body += datagram
        httpx.post(f"https://127.0.0.1:{port}/xt", content=body, verify=False)

    return send


def extra_https(port: int) -> None:
    """What only HTTP has: another place, a body without end, and half of one."""
    where = f"https://127.0.0.1:{port}"
    assert httpx.get(f"{where}/", verify=False).status_code == 404
    assert httpx.get(f"{where}/xt", verify=False).status_code == 405, "as a station asks, uncounted"
    large = bytes(BODY_BYTES_MAX + 1)
    assert httpx.post(f"{where}/xt", content=large, verify=False).status_code == 413
    whole = Asked(bytes(SESSION_BYTES), 0.0, 4096, (b"x" * 40,)).to_bytes()
    assert httpx.post(f"{where}/xt", content=whole[:-1], verify=False).status_code == 400


def over_line(device: str) -> Callable[[bytes], None]:
    def send(datagram: bytes) -> None:
        handle = os.open(device, os.O_WRONLY | os.O_NOCTTY)
        try:
            os.write(handle, frame(datagram))
        finally:
            os.close(handle)

    return send


def test_short_messages(realm: Realm) -> None:
    """Lines of a plug-in: noise, a stranger's, a cut, a foreign and a false one; a copy later."""
    post, hub = End(realm.station("post"), SMS), End(realm.hub(), SMS)
    file_request(post.station)
    now = realm.clock.at
    sent = post.short.due(now)
    modem = Modem(["unused"], hub.mail, hub.store, lambda arrival: None)
    modem._line(["SIZE", str(SMS)])

    def say(*messages: bytes) -> None:
        for message in messages:
            modem._hear(f"RECV 10086 {base64.b64encode(message).decode()}".encode())

    say(*(one.data for one in sent))
    assert modem.report.taken == 1
    say(*(one.data for one in sent))
    assert modem.report.again == len(sent)
    assert modem.report.refused == 0
    first = sent[0].data
    say(first[:-1], first[:10] + b"?" + first[11:], bytes(5000), random.Random(4).randbytes(80))
    modem._hear(b"RECV 10086 !!!")
    modem._hear(b"\xff\xfe nonsense")
    say(*(one.data for one in malicious_messages(post)))
    modem._note()
    (row,) = [one for one in hub.store.counts() if one.road == ROAD]
    assert row.again == len(sent)
    assert row.refused == 4 + 2 + 1
    for end in (post, hub):
        end.close()


def malicious_messages(post: End) -> list[ToSend]:
    """A genuine sender's bundle that nobody can open."""
    post.mail.spool.put(HUB, random.Random(6).randbytes(200), 1, post.mail.station.clock())
    tag = bundle_tag(random.Random(6).randbytes(200))
    found = [one for one in post.short.due(post.mail.station.clock()) if one.tag == tag]
    assert found
    return found


def test_a_stick_that_was_copied(realm: Realm, tmp_path: Path) -> None:
    """The same files once more, a month later or from another stick: known, and taken away."""
    stick = tmp_path / "stick"
    stick.mkdir()
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    visit(post, stick)
    copies = {path.name: path.read_bytes() for path in (stick / "xt").iterdir()}
    assert visit(hub, stick).again == 0
    records = len(hub.log.records(case))
    for name, data in copies.items():
        (stick / "xt" / f"ff{name[2:]}").write_bytes(data)
    report = visit(hub, stick)
    assert report.again == len(copies)
    assert report.refused == 0
    assert len(hub.log.records(case)) == records
    assert said(hub, "en").count(f", {len(copies)} came again") == 1
    assert said(hub, "zh").count(f"，重复收到 {len(copies)} 个") == 1


def said(hub: HubStation, language: str) -> str:
    """`xt status` as a person reads it."""
    import contextlib
    import io

    from xtcli import lang

    out = io.StringIO()
    lang.choose(language)
    try:
        with contextlib.redirect_stdout(out):
            status_page(hub.status())
    finally:
        lang.choose(None)
    return out.getvalue()


def test_counts_of_an_older_version_are_kept(tmp_path: Path) -> None:
    """A `roads.db` made before `again` was counted."""
    import sqlite3

    db = sqlite3.connect(tmp_path / NAME)
    db.execute("CREATE TABLE counts(road TEXT PRIMARY KEY, put INTEGER NOT NULL DEFAULT 0, taken"
               " INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0, bytes_out INTEGER"
               " NOT NULL DEFAULT 0, bytes_in INTEGER NOT NULL DEFAULT 0, last REAL)")  # fmt: skip
    db.execute("INSERT INTO counts(road, refused) VALUES('udp', 7)")
    db.commit()
    db.close()
    for _ in range(2):
        store = RoadStore(tmp_path)
        store.count("udp", again=2)
        found = store.counts()
        store.close()
    assert found == [RoadCount("udp", refused=7, again=4)]
