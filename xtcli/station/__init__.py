"""Station: the one place where records, transport, media and clinic meet."""
