"""Chinese for the sentences of `errors`."""

WORDS: dict[str, str] = {}
