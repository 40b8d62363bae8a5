"""What can be learned from traces without a model: clusters of errors, slow steps, repetition, loops, size, waste."""
