"""Analysis of traces without a model: detectors for errors, slow steps, repetition, loops, long prompts and waste."""
