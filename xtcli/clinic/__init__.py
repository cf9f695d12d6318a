"""Clinic: pure clinical rules over plain values. Knows nothing else."""
