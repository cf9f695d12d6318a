"""Transport: bundles, symbols, links, carriers. Carries opaque bytes with a priority; never asks what they mean."""
