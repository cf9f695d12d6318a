"""Station: the one place where records, transport, media and clinic meet."""

from xtcli.station.station import Station, open_station, set_pin

__all__ = ["Station", "open_station", "set_pin"]
