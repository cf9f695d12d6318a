"""A guest in Chromium: real hub and post as processes, the post behind an emulated link."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np

from tests.calls.test_browser import sound_of
from tests.web.realm import (
    CHROMIUM,
    FOUND,
    NAME,
    Proxy,
    chromium,
    free_port,
    make_scene,
    matched,
)


async def call(scene: Any, proxy: Proxy, port: int) -> Any:
    await proxy.start(port)
    host = await scene.ask_in("--seconds", "14")
    browser = await chromium(scene, host.url)
    try:
        asks = await host.line()
        await asyncio.sleep(1.0)
        before = list(proxy.shown), b"".join(proxy.heard)
        await host.say("yes")
        report, told = await host.ended()
        await asyncio.sleep(2.0)
    finally:
        browser.terminate()
        await browser.wait()
        await proxy.close()
    return asks, before, report, told


def test_chromium_talks_to_a_post_on_edge(tmp_path: Path) -> None:
    """Speech both ways by correlation."""
    if CHROMIUM is None:
        print("no chromium on this machine: the peer of aiortc stands for it")
        return
    port = free_port()
    scene = make_scene(tmp_path, os.environ.get("L", "edge"), f"http://127.0.0.1:{port}/g/")
    proxy = Proxy(f"http://127.0.0.1:{scene.realm.port}/g/", os.environ.get("L", "edge"))
    try:
        asks, before, report, told = asyncio.run(call(scene, proxy, port))
    finally:
        scene.kill()
        scene.realm.close()
    at_post = matched(sound_of(tmp_path / "heard.wav"))
    at_browser = matched(b"".join(proxy.heard))
    print(f"at the post {at_post:.2f}, in Chromium {at_browser:.2f}", proxy.shown, report, told)
    assert asks == {"asks": NAME, "keep": False}
    assert before[0][-1].startswith("They see your name.")
    assert not np.any(np.frombuffer(before[1], "<i2"))
    assert report["answered"]
    assert report["guest"] == NAME
    assert at_post > FOUND
    assert at_browser > FOUND
