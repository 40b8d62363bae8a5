"""From the frames of spans to the service: buffer, spool, logs, assembly, worker, encoder, exporter."""
