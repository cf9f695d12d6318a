"""The link as last measured, in a small file that any process of the home can read.

It changes nothing that matters: when it is missing or broken, nothing is known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from xtcli.station.home import Home
from xtcli.station.views import LinkView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xtcli.transport.link.events import LinkMeasure

NAME = "link.json"


def read_link(home: Home, hub: str) -> LinkView:
    """What is known of the link to `hub`."""
    try:
        plain = json.loads((home.root / NAME).read_text(encoding="utf-8"))
        measured = plain["rate_bps"], plain["rtt_s"], plain["loss"], plain["last_contact"]
        road = plain.get("road", "")
        return LinkView(hub, *measured, road if isinstance(road, str) else "")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return LinkView(hub)


def read_lacking(home: Home) -> dict[bytes, int]:
    """Bytes that the hub lacks of bundles of which it has a part, by tag, as it last told."""
    try:
        plain = json.loads((home.root / NAME).read_text(encoding="utf-8"))["lacking"]
        return {bytes.fromhex(tag): max(0, int(left)) for tag, left in plain.items()}
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError,
            RecursionError):  # fmt: skip
        return {}


def write_link(
    home: Home, measure: LinkMeasure, last_contact: float | None, road: str = "",
    lacking: Mapping[bytes, int] | None = None,
) -> None:  # fmt: skip
    """Keep a measurement; `last_contact` in unix seconds, `road` the one that carries now,
    `lacking` as `read_lacking` gives it; None: as it was.
    """
    before = read_link(home, "")
    left = read_lacking(home) if lacking is None else lacking
    text = json.dumps({
        "rate_bps": measure.rate_bps or before.rate_bps, "rtt_s": measure.rtt_s or before.rtt_s,
        "loss": measure.loss, "last_contact": last_contact or before.last_contact,
        "road": road or before.road,
        "lacking": {tag.hex(): count for tag, count in left.items()},
    })  # fmt: skip
    home.write(home.root / NAME, text.encode())
