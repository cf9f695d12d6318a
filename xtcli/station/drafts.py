"""What a person has typed and not yet signed, and the phrases they use again.

Drafts survive a crash, stay on this computer and are never records: nothing here is ever sent. It
knows files and plain values, not what a form means.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtcli.errors import UsageError
from xtcli.records.ids import RecordId
from xtcli.station.home import Home, disk_errors

DRAFTS_MAX = 200
DRAFT_BYTES_MAX = 1_000_000
PHRASES_MAX = 200
PHRASE_CHARS_MAX = 1_000
NAME_BYTES = 6
REQUEST = "request"
ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Draft:
    """One unfinished form. `at` is when it was last typed in, unix seconds."""

    name: str
    at: float
    fields: dict[str, Any]

    @property
    def title(self) -> str:
        """What tells it from the others: the patient's name and the complaint, as far as typed."""
        said = (str(self.fields.get(name, "")) for name in ("patient", "complaint", "advice"))
        return " ".join(text for text in said if text)[:60]


class Drafts:
    """The drafts of one home, a small file each; the file's name says nothing about a patient."""

    def __init__(
        self, home: Home, clock: Callable[[], float], entropy: Callable[[int], bytes]
    ) -> None:
        """Nothing is read or made until asked."""
        self.home = home
        self.clock = clock
        self.entropy = entropy
        self.folder = home.root / "drafts"

    def new_request(self) -> str:
        """A name for the draft of a new request."""
        return f"{REQUEST}-{self.entropy(NAME_BYTES).hex()}"

    def of_answer(self, case: RecordId) -> str:
        """The name of the draft of an answer to `case`."""
        return f"{ANSWER}-{case}"

    def save(self, name: str, fields: dict[str, Any]) -> None:
        """Keep `fields` (plain JSON values); on return they are on the disk.

        DiskFull when there is no room, UsageError when the draft is longer than any form.
        """
        text = json.dumps({"at": self.clock(), "fields": fields}, ensure_ascii=False)
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > DRAFT_BYTES_MAX:
            raise UsageError("This draft is too long to be kept.", "Shorten the text.")
        self._make()
        self.home.write(self._path(name), data)

    def load(self, name: str) -> Draft | None:
        """A draft; None when there is none or its file is broken."""
        try:
            plain = json.loads(self._path(name).read_bytes().decode("utf-8", "surrogatepass"))
            return Draft(name, float(plain["at"]), dict(plain["fields"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return None

    def drop(self, name: str) -> None:
        """Forget a draft: it was signed, or is not wanted."""
        draft = self.load(name)
        for file in draft.fields.get("recorded", ()) if draft else ():
            path = Path(str(file))
            # Only what was recorded for this draft is deleted, never a person's own file.
            if path.parent == self.folder:
                with suppress(OSError):
                    path.unlink()
        with suppress(OSError):
            self._path(name).unlink()

    def all(self, what: str = REQUEST) -> list[Draft]:
        """Drafts of one sort, newest first."""
        try:
            names = [path.stem for path in self.folder.glob(f"{what}-*.json")][:DRAFTS_MAX]
        except OSError:
            return []
        found = [draft for name in names if (draft := self.load(name)) is not None]
        return sorted(found, key=lambda draft: -draft.at)

    def keep_recording(self, data: bytes) -> Path:
        """A file beside the drafts for a voice note that is not signed yet."""
        self._make()
        path = self.folder / f"{self.entropy(NAME_BYTES).hex()}.ogg"
        self.home.write(path, data)
        return path

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _make(self) -> None:
        with disk_errors():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class Phrases:
    """A doctor's own sentences for advice, in the order in which they were last used."""

    def __init__(self, home: Home) -> None:
        """Nothing is read until asked."""
        self.home = home
        self.path = home.root / "phrases.json"

    def all(self) -> list[str]:
        """The phrases, last used first; empty when there are none or the file is broken."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [str(text) for text in found] if isinstance(found, list) else []

    def use(self, phrase: str) -> None:
        """Keep `phrase`, or move it to the front."""
        text = phrase.strip()[:PHRASE_CHARS_MAX]
        if text:
            self._write([text, *(other for other in self.all() if other != text)])

    def drop(self, phrase: str) -> None:
        """Forget a phrase."""
        self._write([other for other in self.all() if other != phrase])

    def _write(self, phrases: list[str]) -> None:
        text = json.dumps(phrases[:PHRASES_MAX], ensure_ascii=False, indent=1)
        self.home.write(self.path, text.encode())
