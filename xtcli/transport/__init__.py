"""Transport: bundles, symbols, links, carriers.

It carries opaque bytes with a priority and never asks what they mean.
"""
