"""From a finished trace to the service: buffer, worker, encoder, exporter."""
