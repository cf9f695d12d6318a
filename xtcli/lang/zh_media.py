"""Chinese for the sentences of `media`."""

WORDS: dict[str, str] = {}
