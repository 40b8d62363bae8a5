"""HTTP layer: authentication, request validation and responses."""
