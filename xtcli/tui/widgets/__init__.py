"""Widgets: each draws values it is given, owns its style, and posts what the person did."""
