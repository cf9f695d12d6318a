"""Carriers: roads for sealed bundles beside the link. They move bytes and open nothing.

`folder` carries envelopes in a directory: a USB stick, or a folder that something else keeps in
sync. Which bundles are due and what is done with those that arrive is for the station to say.
"""
