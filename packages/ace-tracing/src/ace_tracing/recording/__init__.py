"""Spans on the user's thread: start them, fill them, and pack them into frames."""
