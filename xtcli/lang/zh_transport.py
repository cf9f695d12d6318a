"""Chinese for the sentences of `transport`."""

WORDS: dict[str, str] = {}
