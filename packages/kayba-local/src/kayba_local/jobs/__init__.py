"""The work that outlives a request: who runs it, what it does, and how a model may word what it finds."""
