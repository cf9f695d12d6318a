"""Chinese for the sentences of `tui`."""

WORDS: dict[str, str] = {}
