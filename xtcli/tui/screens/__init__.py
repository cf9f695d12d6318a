"""Screens: each decides what a key means and asks the station to do it."""
