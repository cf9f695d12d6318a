"""A guest in Chromium over each of the named links: `python -m tests.web.links gprs edge lossy3g`.

Signalling and sound go over the link, the post behind it; one line of JSON for each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.calls.test_browser import sound_of
from tests.ports import free_port
from tests.web.realm import Proxy, make_scene, matched
from tests.web.test_guest import from_chromium


def measured(link: str, root: Path) -> dict[str, object]:
    """One call of 14 s: 7 s of speech from the post, the same over and over from the guest."""
    port = free_port()
    scene = make_scene(root, link, f"http://127.0.0.1:{port}/g/")
    proxy = Proxy(f"http://127.0.0.1:{scene.realm.port}/g/", link)
    try:
        _, _, report = asyncio.run(from_chromium(scene, proxy, port))
    finally:
        scene.kill()
        scene.realm.close()
    summary = report["summary"]
    return {
        "link": link, "at_post": round(matched(sound_of(root / "heard.wav")), 2),
        "at_guest": round(matched(b"".join(proxy.heard)), 2),
        "agreed_to_sound_s": report["ring_to_audio"], "signalling": report["signalling_bytes"],
        "spoken_s": summary["spoken_s"], "confirmed_s": summary["heard_s"],
        "note_s": report["note_seconds"], "loss": summary["loss"], "rtt_s": summary["rtt_s"],
        "rungs": summary["rungs"], "bytes": summary["bytes_sent"], "shown": proxy.shown,
    }  # fmt: skip


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measured(name, Path(folder)), ensure_ascii=False), flush=True)
