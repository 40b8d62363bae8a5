"""Database schema and its migrations."""
