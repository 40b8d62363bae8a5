"""Traces in the JSON of the tracing mount, as MLflow's clients write and read it."""
