"""The page on which a person joins a call from an ordinary browser.

Three static files beside this one, in Chinese and English. Whoever serves them answers two posts:
`offer` with `{"sdp", "code"}` gives `{"sdp"}`, and `leave` with `{"code"}`.
"""

from __future__ import annotations

from pathlib import Path

FILES = {
    "index.html": "text/html; charset=utf-8",
    "call.js": "text/javascript; charset=utf-8",
    "call.css": "text/css; charset=utf-8",
}
"""Name -> media type."""


def folder() -> Path:
    """Where the files are."""
    return Path(__file__).parent
