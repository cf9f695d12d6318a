"""Media: Opus, voice notes, pictures, ECG waveforms, calls. Does not know who is calling, or why."""
