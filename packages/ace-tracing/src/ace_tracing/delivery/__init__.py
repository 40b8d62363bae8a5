"""Delivery: the stages that bring frames of spans to the service: spool, assembler, worker, encoder, exporter."""
