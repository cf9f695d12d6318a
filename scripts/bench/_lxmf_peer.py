"""One side of the LXMF rival, for a Python that has `rns` and `lxmf`; xt itself needs neither.

Usage: _lxmf_peer.py hub|post FOLDER HUB_ADDRESS PORT. The hub announces itself once, prints
"ready", then for each message the monotonic second of its delivery and the size. The post prints
"ready" when it knows the hub's path; each file name on its stdin is sent as one direct message.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import LXMF  # type: ignore[import-not-found]
import RNS  # type: ignore[import-not-found]

LIMIT_KB = 10_000
"""Largest message taken. LXMF's own limit is 1,000 kB; what is compared here is more."""
CONFIG = """\
[reticulum]
enable_transport = No
share_instance = No
panic_on_interface_error = No
[logging]
loglevel = 0
[interfaces]
  [[road]]
  type = {kind}
  enabled = yes
  {where}
"""


def router(folder: Path, kind: str, where: str) -> Any:
    """Reticulum with one TCP interface, and an LXMF router on it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(CONFIG.format(kind=kind, where=where))
    RNS.Reticulum(str(folder), loglevel=0)
    return LXMF.LXMRouter(storagepath=str(folder / "lxmf"), delivery_limit=LIMIT_KB)


def hub(folder: Path, port: str) -> None:
    """Take messages until stopped."""
    where = f"listen_ip = 0.0.0.0\n  listen_port = {port}"
    made = router(folder, "TCPServerInterface", where)
    identity = RNS.Identity()
    destination = made.register_delivery_identity(identity, display_name="hub")
    made.register_delivery_callback(
        lambda message: print(f"{time.monotonic():.6f} {len(message.content)}", flush=True)
    )
    (folder.parent / "hub.hash").write_text(destination.hash.hex())
    print("ready", flush=True)
    while True:
        # The announce is wanted once, when the post has connected: it asks by a line on stdin.
        if not sys.stdin.readline():
            time.sleep(3600)
        made.announce(destination.hash)


def post(folder: Path, address: str, port: str) -> None:
    """Send each file named on stdin."""
    where = f"target_host = {address}\n  target_port = {port}"
    made = router(folder, "TCPClientInterface", where)
    source = made.register_delivery_identity(RNS.Identity(), display_name="post")
    target = bytes.fromhex((folder.parent / "hub.hash").read_text())
    print("connected", flush=True)
    while not RNS.Transport.has_path(target) or RNS.Identity.recall(target) is None:
        time.sleep(0.05)
    print("ready", flush=True)
    destination = RNS.Destination(
        RNS.Identity.recall(target), RNS.Destination.OUT, RNS.Destination.SINGLE, "lxmf", "delivery"
    )
    for line in sys.stdin:
        content = Path(line.strip()).read_bytes()
        message = LXMF.LXMessage(
            destination, source, content, "", desired_method=LXMF.LXMessage.DIRECT
        )
        made.handle_outbound(message)


if __name__ == "__main__":
    if sys.argv[1] == "hub":
        hub(Path(sys.argv[2]), sys.argv[4])
    else:
        post(Path(sys.argv[2]), sys.argv[3], sys.argv[4])
