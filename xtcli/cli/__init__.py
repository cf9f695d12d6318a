"""Commands: parse, call the station, render."""
