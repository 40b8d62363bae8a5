"""The renderer of the client's resources: a class for each tag, a method for each operation."""
