"""OTLP: JSON and protobuf requests read to span records, and records decoded to spans with Python values."""
