"""Chinese for the sentences of `hub`."""

WORDS: dict[str, str] = {}
