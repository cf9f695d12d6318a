"""Media: Opus, voice notes, pictures, ECG waveforms, calls.

It does not know who is calling, or why.
"""
