"""Chinese for the sentences of `clinic`."""

WORDS: dict[str, str] = {}
