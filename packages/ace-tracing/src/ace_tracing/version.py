"""The package's version: the build reads it, and every request contains it."""

__version__ = "0.1.0"
