"""OTLP in: JSON and protobuf requests to span records, and records to spans with plain Python values."""
