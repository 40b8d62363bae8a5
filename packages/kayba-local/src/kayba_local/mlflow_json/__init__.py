"""MLflow's JSON: traces in the format of the tracing mount, which MLflow's clients write and read."""
