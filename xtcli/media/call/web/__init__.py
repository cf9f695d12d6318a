"""The pages on which a person joins a call from an ordinary browser.

Static files beside this one, in Chinese and English. `guest.html` is the hub's, for a guest with a
link (docs/format/web.md). `index.html` is a station's: whoever serves it answers three posts:
`offer` with `{"sdp", "code"}` gives `{"sdp"}`, `leave` with `{"code"}` hangs up, and `state` with
`{"code", "state"}` gives `{"state"}` as soon as that is another, or after some seconds.
"""

from __future__ import annotations

from pathlib import Path

FILES = {
    "index.html": "text/html; charset=utf-8",
    "call.js": "text/javascript; charset=utf-8",
    "call.css": "text/css; charset=utf-8",
    "guest.html": "text/html; charset=utf-8",
    "guest.js": "text/javascript; charset=utf-8",
}
"""Name -> media type."""


def folder() -> Path:
    """Where the files are."""
    return Path(__file__).parent
