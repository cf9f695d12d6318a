"""The terminal interface: draws values, posts messages, calls the station."""
