"""A stream of request documents: YAML, JSON or JSON lines, each with the line it starts on.

One bad document is reported and does not stop the rest. It knows text, not requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from xtcli.errors import UsageError

STREAM_BYTES_MAX = 16 * 2**20
DOCUMENT_LINES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: where it starts, and what it says or why it cannot be read."""

    line: int
    value: object = None
    problem: UsageError | None = None


def read_documents(text: str) -> Iterator[Document]:
    """Each document of `text` in order; a document that cannot be parsed carries its problem."""
    if len(text) > STREAM_BYTES_MAX:
        raise UsageError(
            "The file is too long to be a batch of requests.",
            "Split it into files of at most {limit} MB.",
            limit=STREAM_BYTES_MAX // 2**20,
        )
    text = text.removeprefix("\ufeff")
    first = text.lstrip()[:1]
    if first in ("{", "["):
        yield from _json(text)
    else:
        yield from _yaml(text)


def _json(text: str) -> Iterator[Document]:
    """JSON values one after another (a single one, an array, or JSON lines)."""
    decoder = json.JSONDecoder()
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at >= len(text):
            return
        line = text.count("\n", 0, at) + 1
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            where = getattr(error, "lineno", line)
            yield Document(where, problem=_unreadable(str(getattr(error, "msg", error))))
            at = _next_line_with_brace(text, at)
            continue
        for item in value if isinstance(value, list) else [value]:
            yield Document(line, item)


def _next_line_with_brace(text: str, at: int) -> int:
    """Where the next line begins that starts an object, so that one bad one costs only itself."""
    found = text.find("\n{", at)
    return len(text) if found < 0 else found + 1


@lru_cache(maxsize=1)
def _loader() -> Any:
    """A YAML loader that keeps every value as the text that was typed, and knows no aliases.

    1962 stays 1962 and `no` stays `no`; a page of aliases that stands for billions of values is
    refused before anybody looks at them.
    """
    import yaml

    class Plain(yaml.BaseLoader):
        """Text, lists and mappings only."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            """As its parent's, without aliases."""
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.MarkedYAMLError(problem="anchors are not used here", problem_mark=mark)
            return super().compose_node(parent, index)

    return Plain


def _yaml(text: str) -> Iterator[Document]:
    """YAML documents cut at `---` lines before parsing, so that one bad one costs only itself."""
    import yaml

    lines = text.splitlines()
    starts = [0] + [i + 1 for i, line in enumerate(lines) if line.rstrip() == "---"]
    for start, after in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        chunk = lines[start : after - 1]
        blank = [not line.strip() or line.lstrip().startswith("#") for line in chunk]
        if all(blank):
            continue
        first = start + blank.index(False) + 1
        if len(chunk) > DOCUMENT_LINES_MAX:
            yield Document(first, problem=_unreadable("too long"))
            continue
        try:
            yield Document(first, yaml.load("\n".join(chunk), Loader=_loader()))
        except (yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            where = start + mark.line + 1 if mark is not None else first
            yield Document(where, problem=_unreadable(str(getattr(error, "problem", error))))


def _unreadable(why: str) -> UsageError:
    return UsageError(
        "This document cannot be read: {why}.", "Correct it; the others are not affected.", why=why
    )
