"""Traces as the service has them: queries, and all that can be done with what they give."""
