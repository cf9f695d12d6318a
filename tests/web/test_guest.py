"""Guests: real hub and post as processes, the post behind an emulated link; Chromium, and a peer.

The peer is always tried. Chromium, where it is installed, goes through a small reverse proxy of the
test, which switches its voice processing off (that makes another waveform), hears its sound, and
sends its line over an emulated link too.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.calls.test_browser import sound_of
from tests.ports import free_port
from tests.web.peer import Guest, link_of, post
from tests.web.realm import (
    CHROMIUM,
    FOUND,
    NAME,
    Host,
    Proxy,
    Scene,
    chromium,
    make_scene,
    matched,
)
from xtcli.errors import ExitCode
from xtcli.records.types import Call

pytestmark = pytest.mark.realtime


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Hub with a page, a post behind `edge`, a case."""
    made = make_scene(tmp_path, "edge")
    try:
        yield made
    finally:
        made.kill()
        made.realm.close()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[tuple[Scene, int]]:
    """The same behind a reverse proxy on a port."""
    port = free_port()
    made = make_scene(tmp_path, "edge", f"http://127.0.0.1:{port}/g/")
    try:
        yield made, port
    finally:
        made.kill()
        made.realm.close()


def records(scene: Scene) -> list[Call]:
    """The calls of the case, as the post has them."""
    post = scene.realm.station("post")
    found = [one.record.body for one in post.case(scene.case).entries]
    return [body for body in found if isinstance(body, Call)]


async def with_guest(
    scene: Scene, act: Callable[[Host, Guest], Awaitable[Any]], *words: str, keep: bool = False
) -> Any:
    """A post that waits for a guest, the guest, and what they do."""
    host = await scene.ask_in(*words)
    guest = Guest(host.url, keep=keep)
    try:
        return await act(host, guest)
    finally:
        await guest.close()
        await host.end()


def test_a_peer_talks_and_the_link_is_good_for_one(scene: Scene) -> None:
    """Speech both ways by correlation; a wrong key and a second guest are answered alike."""

    async def act(host: Host, guest: Guest) -> tuple[Any, ...]:
        page, link = link_of(host.url)
        other = page[:-1] + ("A" if page[-1] != "A" else "Q")
        wrong: list[object] = [{"pass": "00" * 16}, {"pass": "zz"}, {"t": "0" * 32}, {}, [], "x"]
        seen = [(await asyncio.to_thread(post, page, one))[0] for one in wrong]
        right = {"pass": link.password.hex()}
        seen.append((await asyncio.to_thread(post, other, right))[0])
        seen.append(await guest.enter())
        assert await host.line() == {"asks": NAME, "keep": True}
        seen.append((await asyncio.to_thread(post, page, right))[0])
        await guest.until("asked")
        assert not guest.packets
        await host.say("yes")
        report, _ = await host.ended()
        await guest.until("over")
        seen.append((await asyncio.to_thread(post, page, right))[0])
        return seen, guest.states, report, matched(guest.sound())

    found = asyncio.run(with_guest(scene, act, "--seconds", "12", "--keep", keep=True))
    seen, states, report, at_guest = found
    at_post = matched(sound_of(scene.realm.root / "heard.wav"))
    print(f"correlation at the post {at_post:.2f}, at the guest {at_guest:.2f}", report)
    assert seen == [404, 404, 404, 404, 404, 404, 404, 200, 404, 404]
    assert states == ["open", "asked", "on", "over"]
    assert (report["answered"], report["guest"], report["consent"]) == (True, NAME, True)
    assert report["recordings"] == 1
    assert report["signalling_bytes"] < 6_000
    assert at_post > FOUND
    assert at_guest > FOUND
    (body,) = records(scene)
    assert (body.guest, body.other, body.kept) == (NAME, 1, True)
    assert 10 <= body.seconds <= 14


def test_a_guest_who_is_not_let_in_hears_nothing(scene: Scene) -> None:
    async def act(host: Host, guest: Guest) -> tuple[Any, ...]:
        await guest.enter()
        await host.line()
        await asyncio.sleep(2.0)
        await host.say("no")
        report, _ = await host.ended()
        await guest.until("over")
        return report, guest.theirs, guest.packets, host.process.returncode

    report, said, packets, code = asyncio.run(with_guest(scene, act))
    assert (report["answered"], report["reason"], code) == (False, "declined", ExitCode.FAILED)
    assert said["w"] == "declined"
    assert not packets
    assert not records(scene)


def test_a_browser_that_is_killed_is_missed_soon(scene: Scene) -> None:
    """Not a word to anybody; the call ends within ten seconds, and is in the case."""

    async def act(host: Host, guest: Guest) -> tuple[float, dict[str, Any]]:
        await guest.enter()
        await host.line()
        await host.say("是")
        await guest.heard()
        await guest.vanish()
        start = time.monotonic()
        await host.told("hung up")
        took = time.monotonic() - start
        return took, (await host.ended(60))[0]

    took, report = asyncio.run(with_guest(scene, act, "--seconds", "60"))
    print(f"missed after {took:.1f} s")
    assert (report["answered"], report["reason"]) == (True, "peer hung up")
    # Ten seconds, what the link and a busy machine take, and 1.5 s in which the rest is played.
    assert took < 15
    assert len(records(scene)) == 1


def test_a_page_that_is_loaded_again_goes_on(scene: Scene) -> None:
    """The doctor is not asked anew, sound passes over the new line; then the button ends it."""

    async def act(host: Host, guest: Guest) -> tuple[Any, ...]:
        await guest.enter()
        await host.line()
        await host.say("yes")
        await guest.heard()
        await guest.vanish()
        again = Guest(host.url, before=guest)
        try:
            await again.enter()
            await again.heard()
            await asyncio.sleep(8.0)
            await again.leave()
            report, told = await host.ended()
        finally:
            await again.close()
        return report, told, again.states

    report, told, states = asyncio.run(with_guest(scene, act, "--seconds", "60"))
    assert (report["answered"], report["reason"]) == (True, "peer hung up"), told
    assert states == ["on", "over"]
    assert matched(sound_of(scene.realm.root / "heard.wav")[-7 * 32_000 :]) > FOUND


WAITS = ("They see your name.", "对方已看到")


async def from_chromium(scene: Scene, proxy: Proxy, port: int) -> tuple[Any, ...]:
    """A call of 14 s; what was asked, shown and heard before it, the report."""
    await proxy.start(port)
    host = await scene.ask_in("--seconds", "14")
    browser = await chromium(scene, host.url)
    try:
        asks = await host.line()
        # The page hears of the question over the link, a little later than the doctor.
        for _ in range(100):
            if proxy.shown and proxy.shown[-1].startswith(WAITS):
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        before = list(proxy.shown), b"".join(proxy.heard)
        await host.say("yes")
        report, _ = await host.ended()
        await asyncio.sleep(2.0)
    finally:
        browser.terminate()
        await browser.wait()
        await proxy.close()
    return asks, before, report


def test_chromium_talks_to_a_post_on_edge(outside: tuple[Scene, int]) -> None:
    """Speech both ways by correlation, signalling and sound over `edge`; the page says what is."""
    scene, port = outside
    if CHROMIUM is None:
        print("no chromium on this machine: the peer of aiortc stands for it")
        return
    proxy = Proxy(f"http://127.0.0.1:{scene.realm.port}/g/", "edge")
    asks, before, report = asyncio.run(from_chromium(scene, proxy, port))
    at_post = matched(sound_of(scene.realm.root / "heard.wav"))
    at_browser = matched(b"".join(proxy.heard))
    print(f"correlation at the post {at_post:.2f}, in Chromium {at_browser:.2f}", report)
    assert asks == {"asks": NAME, "keep": False}
    assert before[0][-1].startswith(WAITS)
    assert not np.any(np.frombuffer(before[1], "<i2"))
    assert (report["answered"], report["guest"]) == (True, NAME)
    assert proxy.shown[-1] in ("The call is over.", "通话已结束。")
    assert {"On the call", "通话中"} & set(proxy.shown)
    assert report["summary"]["heard_s"] > 0.6 * report["summary"]["spoken_s"]
    assert at_post > FOUND
    assert at_browser > FOUND


def test_a_hub_that_alters_papers_is_refused(outside: tuple[Scene, int]) -> None:
    """The page says so and no line comes about, in Chromium; the peer refuses every one."""
    scene, port = outside
    proxy = Proxy(f"http://127.0.0.1:{scene.realm.port}/g/")

    def change(name: str, body: bytes) -> bytes:
        if not body.startswith(b"{"):
            return body
        document = json.loads(body)
        if "p" in document:
            letter = document["p"][40]
            document["p"] = (
                document["p"][:40] + ("A" if letter != "A" else "B") + document["p"][41:]
            )
        return json.dumps(document).encode()

    proxy.change = change

    async def act() -> tuple[Guest, dict[str, Any]]:
        await proxy.start(port)
        host = await scene.ask_in()
        guest = Guest(host.url)
        browser = None if CHROMIUM is None else await chromium(scene, host.url)
        if browser is None:
            await guest.enter()
        await host.line()
        await host.say("yes")
        await asyncio.sleep(8.0)
        host.process.terminate()
        report, _ = await host.ended()
        await guest.close()
        if browser is not None:
            browser.terminate()
            await browser.wait()
        await proxy.close()
        return guest, report

    guest, report = asyncio.run(act())
    assert not report["answered"]
    if CHROMIUM is None:
        assert guest.refused
        assert not guest.theirs
    else:
        assert any("was refused" in text or "已拒绝" in text for text in proxy.shown)
        assert not {"On the call", "通话中"} & set(proxy.shown)
