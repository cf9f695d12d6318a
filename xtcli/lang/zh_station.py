"""Chinese for the sentences of `station`."""

WORDS: dict[str, str] = {}
