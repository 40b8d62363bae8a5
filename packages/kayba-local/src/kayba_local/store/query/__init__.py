"""Filter language, its SQL, and pagination."""
