"""OTLP: the encoder of export requests and the decoder of partial success."""
