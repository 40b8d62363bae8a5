"""decorator."""
