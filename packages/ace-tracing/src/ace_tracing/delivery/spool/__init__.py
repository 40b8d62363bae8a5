"""Spool: the buffer of frames, and the files that keep them when the process ends."""
