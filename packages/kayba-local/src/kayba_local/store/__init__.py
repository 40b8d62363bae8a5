"""Store: one SQLite file, its schema, and its queries."""
