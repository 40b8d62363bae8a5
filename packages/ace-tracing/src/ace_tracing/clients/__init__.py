"""The answers and streams of well-known clients of models, read without an import of the client."""
