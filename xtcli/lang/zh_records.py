"""Chinese for the sentences of `records`."""

WORDS: dict[str, str] = {}
