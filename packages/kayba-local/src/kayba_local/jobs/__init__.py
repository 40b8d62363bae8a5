"""Background jobs: their thread, the analysis of traces, and summaries written by a model."""
